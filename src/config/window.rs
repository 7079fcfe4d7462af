//! `directory.write_window`: the hours in which the directory may be written.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Time;
use serde::Deserialize;

/// From a time of the day to another, local time; over midnight when the second is the earlier one. Seconds may be
/// given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WriteWindow {
    opens: Time,
    closes: Time,
}

impl WriteWindow {
    /// Whether one may write at this time. The first moment is within, the last one is not.
    #[must_use]
    pub fn contains(&self, time: Time) -> bool {
        if self.opens < self.closes {
            self.opens <= time && time < self.closes
        } else {
            self.opens <= time || time < self.closes
        }
    }
}

impl FromStr for WriteWindow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let times = text.split_once('-').and_then(|(opens, closes)| {
            Some(Self { opens: opens.trim().parse().ok()?, closes: closes.trim().parse().ok()? })
        });
        match times {
            Some(window) if window.opens != window.closes => Ok(window),
            Some(_) => Err(format!("{text:?} begins when it ends: leave write_window out to write at any time")),
            None => Err(format!("{text:?} is not two times of the day, such as \"22:00-06:00\"")),
        }
    }
}

impl TryFrom<String> for WriteWindow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for WriteWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |t: Time| if t.second() == 0 { t.strftime("%H:%M") } else { t.strftime("%H:%M:%S") };
        write!(f, "{}-{}", shown(self.opens), shown(self.closes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn nights_go_over_midnight() {
        let night: WriteWindow = "22:00-06:00".parse().unwrap();
        for within in ["22:00", "23:59:59", "00:00", "05:59:59"] {
            assert!(night.contains(at(within)), "{within}");
        }
        for without in ["06:00", "12:00", "21:59:59"] {
            assert!(!night.contains(at(without)), "{without}");
        }
        assert_eq!(night.to_string(), "22:00-06:00");
    }

    #[test]
    fn days_do_not() {
        let noon: WriteWindow = "12:00 - 13:30:15".parse().unwrap();
        assert!(noon.contains(at("12:00")) && noon.contains(at("13:30:14")));
        assert!(!noon.contains(at("13:30:15")) && !noon.contains(at("03:00")));
        assert_eq!(noon.to_string(), "12:00-13:30:15");
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["", "22:00", "22-6-5", "25:00-06:00", "nuit-jour", "-", "22h-6h"] {
            let error = bad.parse::<WriteWindow>().unwrap_err();
            assert!(error.contains("22:00-06:00"), "{error}");
        }
        assert!("06:00-06:00".parse::<WriteWindow>().unwrap_err().contains("at any time"));
    }
}
