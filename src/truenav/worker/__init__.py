"""Does the jobs of the queue, and has one leader that looks after all workers."""
