"""Salesforce as a source and a sink of Apache Spark 4, by its Python Data Source API.

A read is the result pages of one query job that exists before Spark plans anything, so that every
action on a frame sees the same rows. A write stores the rows of each task in jobs that stay open;
the commit runs the jobs of the winners only, so that a task that is tried again loads no row twice.
"""

from __future__ import annotations

from salesforce_bulk.spark.frames import WriteReport, read, register, resume, write

__all__ = ["WriteReport", "read", "register", "resume", "write"]
