"""The procedures: each module resolves its targets, tells its steps, and has nothing to say of how steps are run."""
