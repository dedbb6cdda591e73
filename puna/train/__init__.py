"""The one trainer: objectives' contract, schedules, optimizer, metrics, and checkpoints that a killed run resumes from bit for bit."""
