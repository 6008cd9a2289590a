import sys

from salesforce_bulk.cli import main

if __name__ == "__main__":
    sys.exit(main())
