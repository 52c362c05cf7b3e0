//! A network that breaks: passes connections on to a service and cuts one when a number of bytes has gone by.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// No cut is ordered.
const NEVER: u64 = u64::MAX;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// To the service.
    Up,
    /// From the service.
    Down,
}

/// The proxy; ends when dropped.
pub(crate) struct CuttingProxy {
    port: u16,
    orders: Arc<Orders>,
    accepting: Option<JoinHandle<()>>,
}

struct Orders {
    /// Bytes that may still pass, up and down.
    left: [AtomicU64; 2],
    cuts: AtomicUsize,
    over: AtomicBool,
}

impl CuttingProxy {
    /// Passes everything on to this port.
    pub(crate) fn to(service: u16) -> CuttingProxy {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let orders = Arc::new(Orders {
            left: [AtomicU64::new(NEVER), AtomicU64::new(NEVER)],
            cuts: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        });
        let shared = Arc::clone(&orders);
        let accepting = std::thread::spawn(move || accept(&listener, service, &shared));
        CuttingProxy {
            port,
            orders,
            accepting: Some(accepting),
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The next connection over which the last of so many bytes goes is cut.
    pub(crate) fn cut_after(&self, way: Way, bytes: u64) {
        self.orders.left[way as usize].store(bytes, Ordering::SeqCst);
    }

    /// How many connections have been cut.
    pub(crate) fn cuts(&self) -> usize {
        self.orders.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for CuttingProxy {
    fn drop(&mut self) {
        self.orders.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        drop(TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Orders {
    /// How many of these bytes may pass, and whether that is the end.
    fn pass(&self, way: Way, bytes: usize) -> (usize, bool) {
        let left = &self.left[way as usize];
        let now = left.load(Ordering::SeqCst);
        if now == NEVER {
            return (bytes, false);
        }
        let allowed = usize::try_from(now).unwrap_or(usize::MAX).min(bytes);
        let rest = now - allowed as u64;
        let cut = rest == 0;
        left.store(if cut { NEVER } else { rest }, Ordering::SeqCst);
        if cut {
            self.cuts.fetch_add(1, Ordering::SeqCst);
        }
        (allowed, cut)
    }
}

fn accept(listener: &TcpListener, service: u16, orders: &Arc<Orders>) {
    for client in listener.incoming().flatten() {
        if orders.over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, service)) else {
            continue;
        };
        for (way, from, to) in [(Way::Up, &client, &server), (Way::Down, &server, &client)] {
            let (from, to) = (from.try_clone(), to.try_clone());
            let (from, to) = (from.expect("a socket"), to.expect("a socket"));
            let orders = Arc::clone(orders);
            // Ends with its connection.
            std::thread::spawn(move || copy(way, from, to, &orders));
        }
    }
}

fn copy(way: Way, mut from: TcpStream, mut to: TcpStream, orders: &Orders) {
    let mut bytes = [0; 16 * 1024];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let (allowed, cut) = orders.pass(way, read);
        if to.write_all(&bytes[..allowed]).is_err() {
            break;
        }
        if cut {
            let _ = from.shutdown(Shutdown::Both);
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
