"""Parts of `serve_load.py`: HTTP as plain as it can be, and requests with one right answer."""
