//! The nginx to compare with: a plain reverse proxy, tuned as one would for this work.

use std::net::SocketAddr;
use std::path::Path;

/// Its whole configuration. Connections live as long as the clients want, bodies stay in memory, nothing is
/// logged per request.
pub fn config(folder: &Path, listen: SocketAddr, upstream: SocketAddr) -> String {
    let folder = folder.display();
    format!(
        r#"daemon off;
user root;
worker_processes 2;
worker_rlimit_nofile 16384;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_timeout 300s;
    keepalive_requests 1000000000;
    client_max_body_size 100m;
    client_body_buffer_size 512k;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    upstream mock {{
        server {upstream};
        keepalive 256;
        keepalive_requests 1000000000;
    }}
    server {{
        listen {listen};
        location / {{ proxy_pass http://mock; proxy_buffering on; }}
        location /stream/ {{ proxy_pass http://mock/; proxy_buffering off; }}
    }}
}}
"#
    )
}
