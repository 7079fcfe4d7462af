//! When the directory may be written: the window of the configuration, and the clock to ask.

use jiff::Zoned;

use crate::config::WriteWindow;

/// The hours, with whoever tells the time: this is the one thing of a run that changes while it goes on.
#[derive(Debug, Clone, Copy)]
pub struct Hours {
    pub window: WriteWindow,
    pub clock: fn() -> Zoned,
}

impl Hours {
    /// Whether one may write now; the words to tell people when not (French).
    ///
    /// # Errors
    /// Outside of the window.
    pub fn open(&self) -> Result<(), String> {
        let now = (self.clock)();
        if self.window.contains(now.time()) {
            return Ok(());
        }
        Err(format!("hors de la fenêtre d'écriture {} (il est {})", self.window, now.strftime("%H:%M")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn afternoon() -> Zoned {
        "2026-09-01T14:03:00+02:00[Europe/Paris]".parse().unwrap()
    }

    #[test]
    fn the_local_time_decides() {
        let hours = |window: &str| Hours { window: window.parse().unwrap(), clock: afternoon };
        assert_eq!(hours("14:00-15:00").open(), Ok(()));
        let closed = hours("22:00-06:00").open().unwrap_err();
        assert_eq!(closed, "hors de la fenêtre d'écriture 22:00-06:00 (il est 14:03)");
    }
}
