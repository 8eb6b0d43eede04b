"""Schedules: NAVs struck by themselves, by cron and time zone."""
