"""Does heavy or dangerous work in child processes, each with limits of its own (docs/adr/0055).

process  limits of a process: no core dumps, no access to its memory, priority, memory, processor time
pool     called by a web process: one child for each job, few at once, killed when a job takes too long
regular_thread  of the worker: a thread that takes a turn now and then, for what would hold its ticks up
background_jobs  called by a page for a document: it goes on being made when the page has answered
child    the program of a child: it sets its limits, then does one job
pdf      the job that renders a document with Typst
drawing  the job that draws an uploaded file
sandbox  the privileges that a child gives up before it reads an uploaded file
layers   the job that tells which of these are in force on this machine
"""
