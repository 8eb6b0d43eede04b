"""What truenav keeps: database, journal, segments, blobs and secrets."""
