"""nginx's main configuration for the edge: what all distributions share."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from local.aws.dataplane.edge_origins import UPSTREAM

USER = "www-data"
LUA = Path(__file__).with_name("lua")
"""The edge's own Lua modules."""

_MODULES = (
    "ndk_http_module.so",
    "ngx_http_lua_module.so",
    "ngx_http_brotli_filter_module.so",
)

_MAIN = """\
{modules}
user {user};
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 1024; }}
http {{
    types {{
        text/html html;
        text/css css;
        application/javascript js;
    }}
    default_type application/octet-stream;
    access_log off;
    server_tokens off;
    merge_slashes off;
    client_max_body_size 0;
    client_body_temp_path {folder}/temporary;
    proxy_temp_path {folder}/temporary;
    fastcgi_temp_path {folder}/temporary;
    uwsgi_temp_path {folder}/temporary;
    scgi_temp_path {folder}/temporary;
    map_hash_bucket_size 128;
    variables_hash_bucket_size 128;
    variables_hash_max_size 4096;
    server_names_hash_bucket_size 128;
    proxy_headers_hash_max_size 2048;
    proxy_headers_hash_bucket_size 128;
    lua_package_path "{lua}/?.lua;;";
    # Counts of rate rules, and when old responses were last confirmed: a reload keeps both.
    lua_shared_dict edge_rates 8m;
    lua_shared_dict edge_confirmed 1m;
    init_by_lua_block {{
        require("sites").load({{ {sites} }})
        require("web_acl")
        require("selection")
        require("lifetime")
    }}
    geo $edge_dollar {{ default "$"; }}
    map $upstream_cache_status $edge_cache_status {{
        default "Miss from cloudfront";
        HIT "Hit from cloudfront";
        STALE "Hit from cloudfront";
        UPDATING "Hit from cloudfront";
        REVALIDATED "RefreshHit from cloudfront";
    }}
    map "$edge_substituted:$status" $edge_result {{
        default $edge_cache_status;
        ~^1 "Error from cloudfront";
        ~:[45] "Error from cloudfront";
    }}
    upstream {upstream} {{
        server unix:{socket};
        keepalive 16;
    }}
    proxy_http_version 1.1;
    proxy_redirect off;
    proxy_pass_header Date;
    # Those are the edge's own words; an origin's would reach into it.
    proxy_ignore_headers X-Accel-Redirect X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;
    include {folder}/sites/*.conf;
}}
"""


def render_main(folder: Path, socket: Path, modules: Path, sites: Sequence[Path]) -> str:
    """The main configuration.

    Args:
        folder: The edge's folder, which has the sites' configurations in `sites`.
        socket: Of the origin's side.
        modules: Folder of nginx's dynamic modules.
        sites: The distributions' data files.
    """
    return _MAIN.format(
        modules="\n".join(f"load_module {modules}/{name};" for name in _MODULES),
        user=USER,
        folder=folder,
        lua=LUA,
        sites=", ".join(f'"{path}"' for path in sites),
        upstream=UPSTREAM,
        socket=socket,
    )


@cache
def modules_folder() -> Path:
    """Where the nginx on PATH looks for dynamic modules."""
    told = subprocess.run(["nginx", "-V"], capture_output=True, text=True, check=True).stderr
    return Path(modules_path(told) or "/usr/lib/nginx/modules")


def modules_path(told: str) -> str | None:
    """Folder of the modules in the answer of `nginx -V`."""
    found = re.search(r"--modules-path=(\S+)", told)
    return found[1] if found else None
