"""A scan's report in each form."""

from policies.scan.reports.as_json import as_json
from policies.scan.reports.junit import as_junit
from policies.scan.reports.markdown import as_markdown
from policies.scan.reports.sarif import as_sarif
from policies.scan.reports.table import table

__all__ = ["as_json", "as_junit", "as_markdown", "as_sarif", "table"]
