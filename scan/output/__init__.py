"""What a scan looks like: for people, for pull requests, for programs."""
