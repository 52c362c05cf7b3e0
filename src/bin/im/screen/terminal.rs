//! The terminal while the screen has it: raw, on its alternate page. It gets back what it was when this is
//! dropped, and before a panic's message is shown.

use std::io;

use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use ratatui::DefaultTerminal;

use super::draw::draw;
use super::state::State;

/// The terminal, taken.
pub(crate) struct Terminal(DefaultTerminal);

impl Terminal {
    /// Takes it, and sees to it that a panic gives it back.
    pub(crate) fn take() -> io::Result<Terminal> {
        let terminal = Terminal(ratatui::try_init()?);
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The hook of the library, which comes next, does the rest.
            let _ = execute!(io::stdout(), DisableBracketedPaste);
            hook(panic);
        }));
        // Dropped from here on, it is restored.
        execute!(io::stdout(), EnableBracketedPaste)?;
        Ok(terminal)
    }

    pub(crate) fn draw(&mut self, state: &State) -> io::Result<()> {
        self.0.draw(|frame| draw(frame, state)).map(drop)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // There is no better place left to tell that this failed.
        let _ = execute!(io::stdout(), DisableBracketedPaste);
        let _ = ratatui::try_restore();
    }
}
