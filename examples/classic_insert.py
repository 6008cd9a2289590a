"""An insert with the classic calls, as programs for salesforce-bulk 2.2.0 make it.

It runs against a local org of its own. With your org, only the login differs:

    bulk = SalesforceBulk(username=..., password=..., security_token=...)
"""

from salesforce_bulk import CsvDictsAdapter, SalesforceBulk
from salesforce_bulk.emulator import SalesforceEmulator


def insert_accounts(bulk: SalesforceBulk) -> None:
    job = bulk.create_insert_job("Account", contentType="CSV")
    accounts = [{"Name": f"Account{number}"} for number in range(5)]
    csv_iter = CsvDictsAdapter(iter(accounts))
    batch = bulk.post_batch(job, csv_iter)
    bulk.wait_for_batch(job, batch, sleep_interval=0.1)
    bulk.close_job(job)

    for account, result in zip(accounts, bulk.get_batch_results(batch), strict=True):
        if result.success:
            print(f"{account['Name']} is {result.id}")
        else:
            print(f"{account['Name']} was rejected: {result.error}")
    print("Done. Accounts uploaded.")


if __name__ == "__main__":
    with SalesforceEmulator() as org:
        insert_accounts(
            SalesforceBulk(
                username=org.username,
                password=org.password,
                security_token=org.security_token,
                login_url=org.url,
            )
        )
