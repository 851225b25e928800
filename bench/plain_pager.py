"""The floor: follow Resource Graph's page tokens and do nothing with the rows. As simple as such a program can be.

``python -m bench.plain_pager https://arm-endpoint [paced]``; with ``paced`` it waits where the quota is used up.
"""

import os
import sys
import time

import requests

QUERY = (
    "resources | where type =~ 'microsoft.compute/virtualmachinescalesets'"
    " | project id, name, type, location, resourceGroup, subscriptionId, tags, sku, properties | order by id asc"
)


def main() -> int:
    """Page through all scale sets; print how many rows came on how many pages."""
    endpoint, *paced = sys.argv[1:]
    session = requests.Session()
    token = session.get(
        os.environ["IDENTITY_ENDPOINT"],
        params={"resource": "https://management.azure.com", "api-version": "2019-08-01"},
        headers={"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]},
        timeout=60,
    ).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    rows = pages = 0
    options: dict[str, str | int] = {"$top": 1000, "resultFormat": "objectArray"}
    while True:
        answer = session.post(
            f"{endpoint}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01",
            json={"query": QUERY, "options": options},
            timeout=60,
        )
        if paced and answer.status_code == 429:
            time.sleep(float(answer.headers["Retry-After"]))
            continue
        answer.raise_for_status()
        body = answer.json()
        rows += len(body["data"])
        pages += 1
        if not body.get("$skipToken"):
            break
        if paced and answer.headers.get("x-ms-user-quota-remaining") == "0":
            hours, minutes, seconds = map(float, answer.headers["x-ms-user-quota-resets-after"].split(":"))
            time.sleep(hours * 3600 + minutes * 60 + seconds)
        options["$skipToken"] = body["$skipToken"]
    print(f"{rows} rows on {pages} pages")
    return 0


if __name__ == "__main__":
    sys.exit(main())
