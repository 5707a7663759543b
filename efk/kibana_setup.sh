#!/usr/bin/env bash
# Loads Croupier's data view, searches and dashboard into Kibana. Those of the same id are overwritten, others left alone.
set -euo pipefail
umask 077

: "${KIBANA:?}" "${FILES:?}" "${CA:?}" "${ELASTIC_PASSWORD_FILE:?}"
RETRY_SECONDS=${RETRY_SECONDS:-5}

kibana() {
  curl --silent --show-error --fail --cacert "$CA" --header "kbn-xsrf: croupier" \
    --config <(printf 'user = "elastic:%s"\n' "$(<"$ELASTIC_PASSWORD_FILE")") "$@"
}

until status=$(kibana "$KIBANA/api/status") && grep -q '"level":"available"' <<<"$status"; do
  echo "Kibana is not available yet"
  sleep "$RETRY_SECONDS"
done
answer=$(kibana --form "file=@$FILES/croupier.ndjson;type=application/ndjson" "$KIBANA/api/saved_objects/_import?overwrite=true")
echo "$answer"
grep -q '"success":true' <<<"$answer"
