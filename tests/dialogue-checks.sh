#!/bin/sh
# Rasa's own checks of the dialogue: the data's validity, then the conversation stories on the trained model, which
# pytest uses again (tests/conftest.py).
set -eu
cd "$(dirname "$0")/.."
export WENZHENG_HOME=var/test
export RASA_TELEMETRY_ENABLED=false TF_CPP_MIN_LOG_LEVEL=3 PYTHONWARNINGS=ignore SQLALCHEMY_SILENCE_UBER_WARNING=1
.venv/bin/wenzheng train
.venv/bin/rasa data validate --fail-on-warnings --config config.yml --domain domain.yml --data bot/data
.venv/bin/rasa test core --e2e --stories tests/bot/dialogue/test_stories.yml \
    --model "$(ls var/test/rasa-models/dialogue-*.tar.gz)" --endpoints /dev/null \
    --out var/test/rasa-results --no-plot --fail-on-prediction-errors
