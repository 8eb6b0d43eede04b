"""The capabilities, one slice each: endpoints, schemas, service, repository, tasks."""
