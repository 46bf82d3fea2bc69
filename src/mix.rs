//! The mix of releases and the prices, from the command line.

use clap::Args;
use coalmine_reports::mix::{Mix, Prices};

/// How often which releases come, and what things cost.
#[derive(Debug, Args)]
pub(crate) struct MixArgs {
    /// The share of releases that are bad, for measures over the mix.
    #[arg(long, value_name = "SHARE", default_value = "10%", value_parser = share)]
    bad_share: f64,

    /// A price, in whatever currency: `minute=…` of rollout, `hurt-user=…` for each user some of whose
    /// requests fared worse, `hurt-request=…` for each such request, `false-alarm=…` for each good
    /// release held back. Repeatable.
    #[arg(long = "price", value_name = "WHAT=AMOUNT", value_parser = price)]
    prices: Vec<Price>,
}

#[derive(Clone, Copy, Debug)]
enum Price {
    Minute(f64),
    HurtRequest(f64),
    HurtUser(f64),
    FalseAlarm(f64),
}

impl MixArgs {
    pub(crate) fn mix(&self) -> Mix {
        let prices = (!self.prices.is_empty()).then(|| {
            let mut prices = Prices::default();
            for price in &self.prices {
                match price {
                    Price::Minute(amount) => prices.minute = *amount,
                    Price::HurtRequest(amount) => prices.hurt_request = *amount,
                    Price::HurtUser(amount) => prices.hurt_user = *amount,
                    Price::FalseAlarm(amount) => prices.false_alarm = *amount,
                }
            }
            prices
        });
        Mix {
            bad_share: self.bad_share,
            prices,
        }
    }
}

/// `10%` or `0.1`.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, scale) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text, 1.0),
    };
    match number.parse::<f64>().map(|number| number / scale) {
        Ok(share) if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("write a share above 0 and below 100 %, for example `10%` or `0.1`".to_owned()),
    }
}

fn price(text: &str) -> Result<Price, String> {
    let help = "write `minute=2`, `hurt-user=0.05`, `hurt-request=0.01` or `false-alarm=50`";
    let (what, amount) = text.split_once('=').ok_or(help)?;
    let amount = match amount.parse::<f64>() {
        Ok(amount) if amount >= 0.0 && amount.is_finite() => amount,
        _ => return Err(format!("{amount:?} is no amount of zero or more; {help}")),
    };
    match what {
        "minute" => Ok(Price::Minute(amount)),
        "hurt-request" => Ok(Price::HurtRequest(amount)),
        "hurt-user" => Ok(Price::HurtUser(amount)),
        "false-alarm" => Ok(Price::FalseAlarm(amount)),
        _ => Err(format!("nothing is known of {what:?}; {help}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_or_plain_and_neither_nothing_nor_all() {
        assert_eq!(share("10%"), Ok(0.1));
        assert_eq!(share("0.5 %"), Ok(0.005));
        assert_eq!(share("0.25"), Ok(0.25));
        for bad in ["0", "100%", "-1%", "x", "", "NaN"] {
            assert!(share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn prices_name_what_they_are_for() {
        assert!(matches!(price("minute=2"), Ok(Price::Minute(2.0))));
        assert!(matches!(
            price("false-alarm=50"),
            Ok(Price::FalseAlarm(50.0))
        ));
        for bad in [
            "minutes=2",
            "minute",
            "hurt=1",
            "hurt-user=-1",
            "hurt-user=x",
            "minute=inf",
        ] {
            assert!(price(bad).is_err(), "{bad}");
        }
    }
}
