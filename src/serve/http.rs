//! The network: loopback only, GET and POST only, small requests only.

use std::io::Read;
use std::net::Ipv4Addr;

use tiny_http::{Header, Method, Request, Response, Server};

use crate::failure::Failure;
use crate::serve::api::{Api, Reply};
use crate::serve::form;
use crate::serve::parameters::Parameters;

/// Larger bodies are refused.
const BODY_MAX: u64 = 64 * 1024;

/// Listens on the loopback interface; 0 takes any free port.
pub(crate) fn listen(port: u16) -> Result<Server, Failure> {
    Server::http((Ipv4Addr::LOCALHOST, port)).map_err(|error| {
        Failure::usage(
            format!("cannot listen on 127.0.0.1:{port}: {error}"),
            "choose another `--port`; 0 takes a free one",
        )
    })
}

/// The port that is listened on.
pub(crate) fn port(server: &Server) -> u16 {
    server
        .server_addr()
        .to_ip()
        .map_or(0, |address| address.port())
}

/// Answers one request after another until the process is stopped.
pub(crate) fn answer_all(server: &Server, api: &Api) {
    for mut request in server.incoming_requests() {
        let reply = answer(&mut request, api);
        let mut response = Response::from_string(reply.body).with_status_code(reply.status);
        if let Ok(header) = Header::from_bytes("Content-Type", reply.content_type) {
            response.add_header(header);
        }
        // A client that went away is its own business.
        let _ = request.respond(response);
    }
}

fn answer(request: &mut Request, api: &Api) -> Reply {
    let url = request.url().to_owned();
    let (path, query) = url.split_once('?').unwrap_or((&url, ""));
    let mut pairs = form::parse(query);
    match request.method() {
        Method::Get | Method::Head => {}
        Method::Post => {
            let mut body = String::new();
            let read = request
                .as_reader()
                .take(BODY_MAX + 1)
                .read_to_string(&mut body);
            if read.is_err() {
                return plain(400, "the body is no UTF-8 text\n");
            }
            if body.len() as u64 > BODY_MAX {
                return plain(413, "the body is too large\n");
            }
            // The body goes before the address (Go: `Request.ParseForm`).
            let address = std::mem::replace(&mut pairs, form::parse(&body));
            pairs.extend(address);
        }
        _ => return plain(405, "read only: GET and POST\n"),
    }
    api.reply(&form::decode(path), &Parameters(pairs))
}

fn plain(status: u16, text: &str) -> Reply {
    Reply {
        status,
        content_type: "text/plain; charset=utf-8",
        body: text.to_owned(),
    }
}
