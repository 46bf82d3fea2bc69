//! Placeholders in an Experiment's arguments (`template.go:83`).

/// Replaces every `{{tag}}`.
///
/// # Errors
/// As Argo says it: a tag that stands for nothing (of several the last one), or one without an end.
pub(in super::super) fn resolved(
    text: &str,
    known: &dyn Fn(&str) -> Option<String>,
) -> Result<String, String> {
    let (mut out, mut rest, mut unknown) = (String::new(), text, None);
    while let Some((before, tail)) = rest.split_once("{{") {
        let Some((tag, after)) = tail.split_once("}}") else {
            return Err(format!(
                "Cannot find end tag=\"}}}}\" in the template={text:?} starting from {tail:?}"
            ));
        };
        out.push_str(before);
        match known(tag.trim()) {
            Some(value) => out.push_str(&value),
            None => unknown = Some(tag),
        }
        rest = after;
    }
    out.push_str(rest);
    match unknown {
        Some(tag) => Err(format!("failed to resolve {{{{{tag}}}}}")),
        None => Ok(out),
    }
}

/// Every tag of a text.
pub(in super::super) fn tags(text: &str) -> impl Iterator<Item = &str> {
    let opened = text.split("{{").skip(1);
    opened.filter_map(|part| Some(part.split_once("}}")?.0.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_replaced_and_unknown_ones_named() {
        let known = |tag: &str| (tag == "a.b").then(|| "V".to_owned());
        let with = |text| resolved(text, &known);
        assert_eq!(with("x-{{ a.b }}{{a.b}}-y"), Ok("x-VV-y".to_owned()));
        assert_eq!(with("plain }}"), Ok("plain }}".to_owned()));
        assert_eq!(
            with("{{c}} {{ d }}"),
            Err("failed to resolve {{ d }}".to_owned())
        );
        // template_test.go:15.
        let unclosed = "Cannot find end tag=\"}}\" in the template=\"test-{{args.var\" starting \
                        from \"args.var\"";
        assert_eq!(with("test-{{args.var"), Err(unclosed.to_owned()));
        assert_eq!(tags("{{a}} b {{ c }} {{d").collect::<Vec<_>>(), ["a", "c"]);
    }
}
