"""Heavy work in child processes, each with limits of its own (docs/adr/0055).

process  what every process of Pnav does at its start: no core dump, memory that no other process reads
pool     asks for work, from a web process: one child a job, few at once, killed when it takes too long
child    what runs in the child: it takes its limits, then the job, and nothing else
pdf      the job that draws a document with Typst
drawing  the job that draws what a person handed in; sandbox: what its process gives up first; layers: which of it holds
"""
