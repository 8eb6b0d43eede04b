"""What happens, live: news of runs, jobs and marks for whoever is looking."""
