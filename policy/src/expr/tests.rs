//! Every verified outcome of the language, and what must not break it.

use super::*;
use serde_json::json;

/// What a lone success condition makes of a result: `S`, `F` or `E`.
fn outcome(result: &MetricAnswer, condition: &str) -> char {
    match Condition::parse(condition).and_then(|parsed| parsed.evaluate(result)) {
        Ok(true) => 'S',
        Ok(false) => 'F',
        Err(_) => 'E',
    }
}

fn vector(values: &[f64]) -> MetricAnswer {
    MetricAnswer::Vector(values.to_vec())
}

fn expect(result: &MetricAnswer, rows: &[(&str, char)]) {
    for (condition, wanted) in rows {
        let got = outcome(result, condition);
        let error = Condition::parse(condition).and_then(|c| c.evaluate(result));
        assert_eq!(got, *wanted, "{condition} on {result:?}: {error:?}");
    }
}

#[test]
fn ordered_comparisons_with_nan_are_false() {
    expect(&vector(&[0.95]), &[("result[0] >= 0.95", 'S')]);
    expect(
        &vector(&[f64::NAN]),
        &[
            ("result[0] >= 0.95", 'F'),
            ("result[0] < 0.95", 'F'),
            ("!(result[0] < 0.95)", 'S'),
            ("result[0] == result[0]", 'F'),
            ("result[0] != result[0]", 'S'),
            ("isNaN(result[0]) || result[0] >= 0.95", 'S'),
            ("isNaN(result)", 'E'),
        ],
    );
    expect(&vector(&[f64::INFINITY]), &[("result[0] >= 0.95", 'S')]);
    expect(
        &vector(&[f64::NEG_INFINITY]),
        &[("result[0] >= 0.95", 'F'), ("isInf(result[0])", 'S')],
    );
}

#[test]
fn an_empty_vector_is_neither_nil_nor_indexable() {
    expect(
        &vector(&[]),
        &[
            ("result[0] >= 0.95", 'E'),
            ("(result[0] ?? 1) >= .95", 'E'),
            ("(result?.[0] ?? 1) >= .95", 'E'),
            ("(get(result,0) ?? 1) >= .95", 'S'),
            ("(get(result,'a') ?? 1) >= .95", 'E'),
            ("len(result) == 0 || result[0] >= 0.95", 'S'),
            ("len(result) > 0 && result[0] >= 0.95", 'F'),
            ("isNil(result)", 'F'),
            ("default(result, 0) < 1", 'E'),
            ("all(result, # >= .95)", 'S'),
            ("none(result, # >= .95)", 'S'),
            ("any(result, # >= .95)", 'F'),
            ("max(result) >= .95", 'E'),
            ("sum(result) == 0", 'S'),
            ("mean(result) == 0", 'S'),
            ("first(result) == nil", 'S'),
            ("len(result)==0", 'S'),
        ],
    );
}

#[test]
fn vectors_and_scalars_are_different_types() {
    expect(
        &vector(&[1.0, 2.0]),
        &[("result[-1] == 2", 'S'), ("result[2]==2", 'E')],
    );
    expect(
        &vector(&[0.96]),
        &[
            ("result >= 0.95", 'E'),
            ("result[0] >= '0.95'", 'E'),
            ("result[0]", 'E'),
            ("1", 'E'),
            ("true || foo", 'E'),
            ("  ", 'E'),
        ],
    );
    expect(
        &MetricAnswer::Scalar(0.96),
        &[
            ("result[0] >= 0.95", 'E'),
            ("result >= 0.95", 'S'),
            ("len(result)==0", 'E'),
        ],
    );
}

#[test]
fn aggregates_treat_nan_as_go_does() {
    expect(&vector(&[1.0, f64::NAN]), &[("max(result) == 1", 'S')]);
    expect(
        &vector(&[f64::NAN, 1.0]),
        &[("max(result) == 1", 'F'), ("min(result) == 1", 'F')],
    );
    expect(
        &vector(&[0.96, f64::NAN]),
        &[
            ("all(result,{# >= .95})", 'F'),
            ("any(result,{# >= .95})", 'S'),
        ],
    );
    expect(
        &vector(&[f64::NAN, 0.99]),
        &[("all(filter(result, !isNaN(#)), # > .95)", 'S')],
    );
    expect(&vector(&[0.0]), &[("1/result[0] > 5", 'S')]);
}

#[test]
fn nil_and_maps() {
    expect(
        &MetricAnswer::Json(json!(null)),
        &[
            ("result < .05", 'E'),
            ("default(result,0) < .05", 'S'),
            ("(result ?? 0) < .05", 'S'),
            ("isNil(result) || result < 1", 'E'),
        ],
    );
    expect(
        &MetricAnswer::Json(
            json!({"ok": true, "deep": {"value": "9901.5"}, "list": [{"value": 2}]}),
        ),
        &[
            ("result.k > 4", 'E'),
            ("result.k == nil", 'S'),
            ("(result.k ?? 0) < 4", 'S'),
            ("result.ok && asFloat(result.deep.value) >= 9900", 'S'),
            ("all(result.list, {asFloat(.value) >= 2})", 'S'),
            ("result.k?.gone.further == nil", 'S'),
            ("'ok' in result and 'nope' not in result", 'S'),
            ("asInt(result.deep.value) == 1", 'E'),
        ],
    );
    expect(
        &MetricAnswer::Json(json!("1.1")),
        &[
            ("asFloat(result) == 1.1", 'S'),
            ("asFloat(result) == \"1.1\"", 'E'),
            ("asInt(result) == 1", 'E'),
            ("result matches '^1'", 'S'),
            ("result matches '('", 'E'),
            ("result startsWith '1.' and not (result endsWith '2')", 'S'),
        ],
    );
}

#[test]
fn operators_bind_and_promote_as_in_expr() {
    let rows = [
        ("1 < result[0] < 10", 'S'),
        ("1 < result[0] < 3 < 2", 'F'),
        ("7 / 2 == 3.5", 'S'),
        ("7 % 4 == 3", 'S'),
        ("result[0] % 2 == 0", 'E'),
        ("2 ** 3 ** 2 == 512", 'S'),
        ("-2 ^ 2 == -4", 'S'),
        ("1_000 == 1e3", 'S'),
        ("0x10 == 16 and 0b11 == 3 and 0o17 == 15", 'S'),
        ("not (1 in [2, 3]) && 2 in 1..3 && 4 not in 1..3", 'S'),
        ("result[0] > 1 ? true : false", 'S'),
        ("let x = result[0]; x > 1 && x < 3", 'S'),
        (
            "if result[0] > 5 { false } else if result[0] > 1 { true } else { false }",
            'S',
        ),
        ("result | sum() == 2", 'S'),
        ("result | map(# * 2) | first() == 4", 'S'),
        (
            "[1,2,3,4][1:3] == [2,3] && [1,2,3][:-1] == [1,2] && 'abc'[1:] == 'bc'",
            'S',
        ),
        (
            "reduce(1..4, #acc + #, 0) == 10 and reduce(1..4, #acc * #) == 24",
            'S',
        ),
        (
            "count(1..5, # > 3) == 2 and findIndex([1,5], # > 3) == 1 and one([1,5], # > 3)",
            'S',
        ),
        ("sortBy([3,1,2], -#)[0] == 3 and sort([3,1,2])[0] == 1", 'S'),
        ("map(1..3, #index)[2] == 2", 'S'),
        (
            "median([3,1,2]) == 2 and mean([1,2]) == 1.5 and round(1.5) == 2.0",
            'S',
        ),
        ("upper(trim(' a ')) + join(['b','c'],'-') == 'Ab-c'", 'S'),
        ("split('a,b', ',') == ['a','b'] and len('äb') == 2", 'S'),
        (
            "int('3') + int(2.9) == 5 and string(0.5) == '0.5' and type(1.0) == 'float'",
            'S',
        ),
        (
            "bitand(6, 3) == 2 and bitshl(1, 4) == 16 and bitnot(0) == -1",
            'S',
        ),
        ("{a: 1, 'b': 2}.a == 1 and len(keys({a: 1})) == 1", 'S'),
        ("/* a */ true // b", 'S'),
        ("isNaN(1)", 'F'),
        (
            "uniq([1,1.0,2]) == [1,2] and flatten([[1],[2,[3]]]) == [1,2,3]",
            'S',
        ),
        ("5 % 0 == 1", 'E'),
        ("1 ?? 2 + 3 == 1", 'E'),
    ];
    expect(&vector(&[2.0]), &rows);
}

#[test]
fn matrices_are_one_flat_list() {
    let matrix = MetricAnswer::Matrix(vec![vec![1.0, 2.0], vec![3.0]]);
    expect(&matrix, &[("len(result) == 3 && result[2] == 3", 'S')]);
    let refused = MetricAnswer::Text("x".to_owned());
    expect(&refused, &[("true", 'E')]);
}

#[test]
fn the_offset_points_at_the_culprit() {
    let error = Condition::parse("result[0] >= 0.95 &&").expect_err("unfinished");
    assert_eq!(error.offset, 20);
    let error = Condition::parse("result[0] >= ~").expect_err("no such character");
    assert_eq!(error.offset, 13);
    let condition = Condition::parse("result[0] < args.threshold").expect("parses");
    let error = condition.never().expect("no such name");
    assert_eq!(
        (error.offset, error.message.as_str()),
        (12, "unknown name args")
    );
    let error = Condition::parse("now() > 1").expect_err("refused");
    assert!(error.uncovered && error.message.contains("does not cover `now`"));
}

#[test]
fn no_text_runs_away() {
    for hostile in [
        "(".repeat(20_000),
        "[".repeat(20_000),
        "!".repeat(20_000),
        "-".repeat(20_000),
        "1+".repeat(20_000) + "1",
        "1<(".repeat(150) + "1",
        "result".to_owned() + &"[0]".repeat(20_000),
        "true ? true : ".repeat(20_000) + "true",
        "if true {".repeat(20_000),
        "let a = 1;".repeat(20_000),
    ] {
        assert_eq!(outcome(&vector(&[1.0]), &hostile), 'E');
    }
    for slow in [
        "all(1..1000, all(1..1000, all(1..1000, true)))",
        "len(1..9223372036854775807) > 0",
        "len(repeat('abc', 999999999)) > 0",
        "len(reduce(1..100000, #acc + #acc, 'ab')) > 0",
        "len(reduce(1..1000, [#acc, #acc], [])) > 0",
    ] {
        assert_eq!(outcome(&vector(&[1.0]), slow), 'E', "{slow}");
    }
}

#[test]
fn what_is_deep_but_allowed_evaluates() {
    let nested = "all([1], ".repeat(60) + "true" + &")".repeat(60);
    let brackets = "(".repeat(90) + "result[0]" + &")".repeat(90) + " == 1";
    for text in [
        "!".repeat(90) + "true",
        "1+".repeat(180) + "1 > 1",
        nested,
        brackets,
    ] {
        assert_eq!(outcome(&vector(&[1.0]), &text), 'S', "{text}");
    }
}

#[test]
fn conditions_survive_a_transcript() {
    let condition = Condition::parse("result[0] > 1").expect("parses");
    let text = serde_json::to_string(&condition).expect("serialises");
    let back: Condition = serde_json::from_str(&text).expect("parses again");
    assert_eq!(back, condition);
}

/// Text made of the language's own pieces finds more than random bytes.
#[test]
fn no_sequence_of_tokens_panics() {
    const PIECES: [&str; 44] = [
        "result", "[", "]", "(", ")", "{", "}", "0", "-1", "0.5", "1e3", "#", ".", "?.", "??", "?",
        ":", "|", "..", "+", "-", "*", "/", "%", "**", "<", "==", "!", "not", "in", "matches",
        "'a'", "all(", "filter(", "reduce(", "sum(", "len(", "let x =", "; x", ",", "nil", "map(",
        "isNaN(", "sort(",
    ];
    let answers = [
        vector(&[0.5, f64::NAN]),
        MetricAnswer::Scalar(1.0),
        MetricAnswer::Json(json!({"a": [1, "x", null]})),
    ];
    let mut seed: u64 = 42;
    let mut parsed = 0;
    for round in 0..60_000 {
        let mut text = String::new();
        for _ in 0..(1 + round % 9) {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            text.push_str(PIECES[(seed >> 33) as usize % PIECES.len()]);
            text.push(' ');
        }
        match Condition::parse(&text) {
            Ok(condition) => {
                parsed += 1;
                for answer in &answers {
                    let _ = condition.evaluate(answer);
                }
            }
            Err(error) => assert!(error.offset <= text.len(), "{text:?}: {error:?}"),
        }
    }
    assert!(parsed > 500, "only {parsed} of the texts mean anything");
}

/// Forms of the conditions found in public repositories (`conformance/promql/queries.jsonl`).
#[test]
fn public_conditions_mean_what_their_authors_meant() {
    expect(
        &vector(&[0.3]),
        &[
            ("all(result, # < 1000)", 'S'),
            ("isNaN(result[0]) || result[0] < 0.3", 'F'),
            ("len(result) == 0 || result[0] < 0.600", 'S'),
            ("len(result) == 1 && result[0] == 1", 'F'),
            ("len(result) > 0 && result[0] > 0", 'S'),
            ("result[0] < 209715200", 'S'),
            ("result[0] == 0 || result[0] < 0.01", 'F'),
            ("result < 0.010", 'E'),
            ("result[0] <= X", 'E'),
            ("result < args.threshold", 'E'),
        ],
    );
    expect(
        &MetricAnswer::Scalar(0.3),
        &[("result <= 0.3", 'S'), ("result < 2", 'S')],
    );
}

/// Outcomes of the real evaluator, where reading expr's documentation would mislead.
#[test]
fn the_optimizer_and_the_typed_operations_decide() {
    expect(
        &vector(&[]),
        &[
            ("result[0] > 1 || true", 'S'),
            ("false && result[0] > 1", 'F'),
            ("true || 1 % 0 == 0", 'E'),
            ("findIndex(result, # > 1) == nil", 'S'),
            ("findIndex(result, # > 1) == 1", 'E'),
            ("all(result, #index >= 0)", 'E'),
            ("filter(result, # > 1)[0] > 1", 'E'),
            ("first(filter(result, # > 1)) == nil", 'S'),
            ("1 in 1..1000000000", 'S'),
            ("len(1..999999) > 0", 'S'),
            ("len(1..1000000) > 0", 'E'),
            ("groupBy([1,2,3], # % 2)[1] == [1,3]", 'S'),
            ("len(groupBy([1,2,3], # % 2)[5]) == 0", 'S'),
            ("string(1000000.0) == '1e+06'", 'S'),
            ("string(100000.0) == '100000'", 'S'),
            ("int(1e30) < 0", 'S'),
            ("float('0x1p-2') == 0.25", 'S'),
            ("float('1e400') > 1", 'E'),
            ("isNaN(max(1, 2))", 'E'),
            ("isNaN(1 + 1)", 'F'),
            ("isNaN(1 - len(result))", 'F'),
            ("isNaN(len(result))", 'E'),
            ("isNaN(sum(1..3))", 'E'),
            ("upper('ß') == 'ß'", 'S'),
            ("fromJSON('[1, 2]')[1] == 2", 'S'),
            (
                "toJSON({a: [1]}) == \"{\\n  \\\"a\\\": [\\n    1\\n  ]\\n}\"",
                'S',
            ),
            (
                "toBase64('abc') == 'YWJj' && fromBase64('YWI=') == 'ab'",
                'S',
            ),
        ],
    );
    let mixed = MetricAnswer::Json(json!([1, 2, "x"]));
    expect(
        &mixed,
        &[
            ("len(filter(result, # > 1)) > 0", 'S'),
            ("count(result, # > 0) >= 2", 'S'),
            ("count(result, # > 0) == 2", 'E'),
            ("result[0] in ['a']", 'E'),
            ("result[2] in ['x']", 'S'),
        ],
    );
    let nan_first = vector(&[f64::NAN, 1.0]);
    expect(&nan_first, &[("sort(result)[0] == 1", 'F')]);
}
