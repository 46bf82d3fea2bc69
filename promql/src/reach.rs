//! How far back a query looks.

use crate::expr::Expr;
use crate::{LOOKBACK_MS, Query};

impl Query {
    /// No sample older than the evaluation by this many milliseconds or more can change the answer;
    /// `None` when the query pins an instant with `@`.
    #[must_use]
    pub fn reach_ms(&self) -> Option<i64> {
        self.reach(&self.expr)
    }

    fn reach(&self, expr: &Expr) -> Option<i64> {
        match expr {
            Expr::Number(_) | Expr::Text(_) => Some(0),
            Expr::Select(index) => {
                let selector = self.selectors.get(*index)?;
                let window = selector.range_ms.unwrap_or(LOOKBACK_MS);
                let unpinned = selector.at.is_none();
                unpinned.then(|| window.saturating_add(selector.offset_ms.max(0)))
            }
            Expr::Negate(body) => self.reach(body),
            Expr::Binary { left, right, .. } => Some(self.reach(left)?.max(self.reach(right)?)),
            Expr::Aggregate {
                parameter, body, ..
            } => {
                let parameter = parameter.as_deref().map_or(Some(0), |p| self.reach(p))?;
                Some(self.reach(body)?.max(parameter))
            }
            Expr::Call { arguments, .. } => arguments
                .iter()
                .try_fold(0, |most, argument| Some(self.reach(argument)?.max(most))),
            Expr::Subquery {
                body,
                range_ms,
                step_ms,
                offset_ms,
                at,
            } => {
                let own = range_ms
                    .saturating_add(*step_ms)
                    .saturating_add((*offset_ms).max(0));
                let body = self.reach(body)?;
                at.is_none().then(|| own.saturating_add(body))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reach_is_the_farthest_sample_that_can_matter() {
        let reach = |text| Query::parse(text).expect(text).reach_ms();
        assert_eq!(reach("sum(rate(a[2m])) / sum(rate(b[5m]))"), Some(300_000));
        assert_eq!(reach("a offset 1m"), Some(360_000));
        assert_eq!(reach("max_over_time(rate(a[1m])[10m:30s])"), Some(690_000));
        assert_eq!(reach("rate(a[1m] @ 0)"), None);
    }
}
