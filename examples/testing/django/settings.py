"""The settings of the example; a real project reads the login data from its environment."""

SECRET_KEY = "example"  # noqa: S105
ROOT_URLCONF = "urls"
ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS: list[str] = []
#: The arguments of SalesforceBulk.
SALESFORCE: dict[str, str] = {}
