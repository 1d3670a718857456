"""What comes in: files of every form to one table of detainers."""
