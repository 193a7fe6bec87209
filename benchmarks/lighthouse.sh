#!/bin/sh
# Lighthouse on a simulated phone, against a site that runs:  benchmarks/lighthouse.sh http://127.0.0.1:8000
# Needs Node (npx fetches Lighthouse) and a Chromium; CHROME_PATH names it when it is not on the PATH.
# Prints a table and fails when a page is under the targets: performance 95, the rest 100. SEO is not asked of /tchat/,
# which search engines are told to leave out.
# /tchat/ without a visit leads to the page that says what comes first: that page is what is measured.
set -eu

base=${1:-http://127.0.0.1:8000}
pages=${PAGES:-"/ /point-d-accueil/ /orientation/ /tchat/"}
CHROME_PATH=${CHROME_PATH:-$(command -v chromium || command -v chromium-browser || command -v google-chrome)}
export CHROME_PATH
cookie=${COOKIE:-}  # "sessionid=…": the pages of a visit
results=$(mktemp -d)
trap 'rm -rf "$results"' EXIT
failed=0

printf '%-22s %12s %14s %15s %5s %10s %8s\n' page performance accessibility best-practices SEO 'LCP (ms)' 'kB'
for page in $pages; do
  report="$results/report.json"
  case $page in /tchat/*) seo= ;; *) seo=,seo ;; esac
  npx --loglevel=error -y lighthouse@13 "$base$page" --form-factor=mobile --quiet --output=json --output-path="$report" \
    ${cookie:+--extra-headers="{\"Cookie\":\"$cookie\"}"} \
    --only-categories="performance,accessibility,best-practices$seo" \
    --chrome-flags="--headless --no-sandbox --disable-gpu" >/dev/null
  node - "$report" "$page" <<'JS' || failed=1
const [file, page] = process.argv.slice(2);
const report = JSON.parse(require("fs").readFileSync(file, "utf8"));
const score = (name) => report.categories[name] && Math.round(report.categories[name].score * 100);
const scores = ["performance", "accessibility", "best-practices", "seo"].map(score);
const lcp = Math.round(report.audits["largest-contentful-paint"].numericValue);
const weight = Math.round(report.audits["total-byte-weight"].numericValue / 1000);
const widths = [12, 14, 15, 5];
console.log(page.padEnd(22), ...scores.map((s, i) => String(s ?? "–").padStart(widths[i])), String(lcp).padStart(10), String(weight).padStart(8));
for (const category of Object.values(report.categories)) {
  for (const { id, weight: counts } of category.auditRefs) {
    const audit = report.audits[id];
    if (counts > 0 && audit.score !== null && audit.score < (category.id === "performance" ? 0.9 : 1)) {
      console.log(`    ${category.id}: ${audit.title} ${audit.displayValue ?? ""}`);
    }
  }
}
process.exit(scores[0] >= 95 && scores.slice(1).every((s) => s === undefined || s === 100) ? 0 : 1);
JS
done
exit $failed
