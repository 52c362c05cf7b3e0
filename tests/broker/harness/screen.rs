//! A program on a terminal of its own: what is typed goes in, what comes out is seen as on a screen.

use std::io::{Read, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process_group};
use vt100::Parser;

use super::wait::eventually;

/// Says how the program ended, and in which mode it left the terminal.
const SCRIPT: &str = r#"trap : TERM; "$@"; code=$?; stty -a; echo "over $code.""#;

/// A terminal with a program that runs on it; killed when dropped.
pub(crate) struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    parser: Arc<Mutex<Parser>>,
}

impl Screen {
    /// Starts a program on a terminal of 100 columns and 24 rows.
    pub(crate) fn start(program: &str, arguments: &[&str], home: &Path) -> Screen {
        let pair = native_pty_system()
            .openpty(size(24, 100))
            .expect("a terminal");
        let mut command = CommandBuilder::new("sh");
        command.args(["-c", SCRIPT, "sh", program]);
        command.args(arguments);
        command.env("IM_HOME", home);
        command.env("TERM", "xterm-256color");
        command.env_remove("IM_PROFILE");
        let child = pair.slave.spawn_command(command).expect("sh");
        let reader = pair.master.try_clone_reader().expect("its output");
        let keys = pair.master.take_writer().expect("its input");
        let parser = Arc::new(Mutex::new(Parser::new(cells(24), cells(100), 0)));
        let screen = Arc::clone(&parser);
        // It ends when the terminal's other side is closed.
        std::thread::spawn(move || read(reader, &screen));
        Screen {
            child,
            master: pair.master,
            keys,
            parser,
        }
    }

    pub(crate) fn type_keys(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("keys");
        self.keys.flush().expect("keys");
    }

    /// The terminal's window changes.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.parser()
            .screen_mut()
            .set_size(cells(rows), cells(columns));
        self.master.resize(size(rows, columns)).expect("a new size");
    }

    /// SIGTERM to the program.
    pub(crate) fn terminate(&self) {
        let pid = self
            .child
            .process_id()
            .and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw).expect("a pid");
        kill_process_group(pid, Signal::TERM).expect("a signal");
    }

    /// Waits until a text can be seen; gives the whole screen.
    pub(crate) fn wait_for(&self, text: &str) -> String {
        let mut seen = String::new();
        let look = || {
            seen = self.parser().screen().contents();
            seen.contains(text).then(|| seen.clone())
        };
        let what = format!("{text:?} on the screen");
        eventually(&what, look)
    }

    /// Waits for the program's good end. The terminal must be as it was.
    pub(crate) fn wait_for_end(&self) {
        let seen = self.wait_for("over 0.");
        let parser = self.parser();
        let screen = parser.screen();
        assert!(!screen.alternate_screen(), "still on the alternate screen");
        assert!(!screen.bracketed_paste(), "still pasting in brackets");
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        let modes: Vec<&str> = seen.split([' ', ';', '\n']).collect();
        for mode in ["icanon", "echo", "isig", "opost"] {
            assert!(modes.contains(&mode), "{mode} is off: {seen}");
        }
    }

    fn parser(&self) -> MutexGuard<'_, Parser> {
        self.parser.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let seen = self.parser().screen().contents();
            eprintln!("the screen:\n{seen}");
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(mut from: impl Read, into: &Mutex<Parser>) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let mut parser = into.lock().unwrap_or_else(PoisonError::into_inner);
        parser.process(&bytes[..read]);
    }
}

fn cells(count: u16) -> NonZero<u16> {
    NonZero::new(count).expect("more than none")
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize {
        rows,
        cols,
        pixel_width: 0,
        pixel_height: 0,
    }
}
