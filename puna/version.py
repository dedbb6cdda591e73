"""The version, alone in a file so that `puna --version` and the build read it without importing anything else."""

VERSION = "0.1.0"
