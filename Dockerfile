# The gate alone: no Azure SDK, no emulator. The folder with the plan is mounted at /work:
#   docker run --rm --volume "$PWD:/work:ro" IMAGE check plan.json
FROM python:3.13-slim
WORKDIR /opt/vmss-posture
COPY requirements-gate.txt pyproject.toml README.md LICENSE ./
COPY azureformats azureformats
COPY scanner scanner
RUN python -m pip install --disable-pip-version-check --no-cache-dir --quiet --require-hashes --requirement requirements-gate.txt
RUN python -m pip install --disable-pip-version-check --no-cache-dir --quiet --no-deps --no-build-isolation .
USER 65534:65534
WORKDIR /work
ENTRYPOINT ["vmss-posture"]
CMD ["check", "--help"]
