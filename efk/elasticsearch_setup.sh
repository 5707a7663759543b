#!/usr/bin/env bash
# Tells Elasticsearch what it has to know of our lines: retention, index template, and Fluentd's role and user, who may write and
# nothing else. The user's password is made here, once; it and the CA go into Fluentd's Secret. No password is ever on a
# command line or in the output. Whatever is there already is set again to the same, and the password is kept.
set -euo pipefail
umask 077

# Where the parts are; setup.yaml sets all of these.
: "${ELASTICSEARCH:?}" "${KUBERNETES:?}" "${SECRET:?}" "${FILES:?}" "${CA:?}" "${ACCOUNT:?}" "${ELASTIC_PASSWORD_FILE:?}"
RETRY_SECONDS=${RETRY_SECONDS:-5}
namespace=${SECRET%/*}
name=${SECRET#*/}
secret_path=/api/v1/namespaces/$namespace/secrets/$name

# curl's configuration in a file of its own is the one place where a secret passes by. The image's curl is too old to fail with the
# body of an error, so the status is looked at here.
ask() {
  local answer
  answer=$(curl --silent --show-error --write-out '\n%{http_code}' --data-binary @- "$@") || return
  if [[ ${answer##*$'\n'} != 2?? ]]; then
    echo "${answer//$'\n'/ }" >&2
    return 1
  fi
  printf '%s' "${answer%$'\n'*}"
}

elastic() { # METHOD PATH, the body on standard input
  ask --cacert "$CA" --request "$1" --header "Content-Type: application/json" \
    --config <(printf 'user = "elastic:%s"\n' "$(<"$ELASTIC_PASSWORD_FILE")") "$ELASTICSEARCH$2" >/dev/null
}

kubernetes() { # METHOD CONTENT-TYPE, the body on standard input
  ask --cacert "$ACCOUNT/ca.crt" --request "$1" --header "Content-Type: $2" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$(<"$ACCOUNT/token")") "$KUBERNETES$secret_path"
}

until elastic GET /_security/_authenticate </dev/null; do
  echo "Elasticsearch does not answer yet"
  sleep "$RETRY_SECONDS"
done
until secret=$(kubernetes GET application/json </dev/null); do
  echo "the Secret $SECRET cannot be read yet: is Fluentd's manifest applied?"
  sleep "$RETRY_SECONDS"
done

elastic PUT /_ilm/policy/fluentd <"$FILES/retention-policy.json"
elastic PUT /_component_template/fluentd-retention <"$FILES/retention.json"
elastic PUT /_index_template/fluentd <"$FILES/index-template.json"
elastic PUT /_security/role/fluentd <"$FILES/fluentd-role.json"

# The password that Fluentd has is kept: another one would lock it out until it is started again.
password=$(sed -nE 's/.*"password": ?"([A-Za-z0-9+/=]+)".*/\1/p' <<<"${secret//$'\n'/ }" | base64 -d)
if [[ -z $password ]]; then
  password=$(od -An -N32 -tx1 /dev/urandom | tr -d ' \n')
  echo "a new password for Fluentd"
fi
elastic PUT /_security/user/fluentd <<<"{\"roles\": [\"fluentd\"], \"password\": \"$password\"}"
kubernetes PATCH application/merge-patch+json >/dev/null \
  <<<"{\"data\": {\"password\": \"$(printf %s "$password" | base64 -w0)\", \"ca.crt\": \"$(base64 -w0 <"$CA")\"}}"
echo "done"
