"""Rules over tables alone: each notices what is planted, and passes what is not."""

from fractions import Fraction
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from helpers.audits import found, lines, material
from scipy import stats
from scipy.special import expit, logit
from statsmodels.api import OLS, add_constant

HEAD = "Method,Dataset,R@1,R@5,R@10\n"
GOOD = HEAD + "A [3],CUHK,40.10,60.25,70.31\nB,CUHK,50.12,71.43,80.55\n"


def test_a_good_table_has_no_finding(tmp_path: Path) -> None:
    assert found(tmp_path, table1=GOOD) == []


def test_ranks_that_fall_and_no_percentages_are_impossible(tmp_path: Path) -> None:
    findings = found(tmp_path, table2=HEAD + "A,CUHK,40.10,66.20,59.72\nB,CUHK,50.12,71.43,101.00\n")
    assert lines(findings, "rank order") == [
        "impossible: Table 2, A, CUHK: Rank-5 66.20 is larger than Rank-10 59.72",
        "impossible: Table 2, B, CUHK: Rank-10 is 101.00, no percentage",
    ]


def test_numbers_that_fit_none_of_the_queries_are_impossible(tmp_path: Path) -> None:
    findings = found(tmp_path, queries=(1000, 400), table1=HEAD + "A,CUHK,40.10,60.25,70.31\n")
    assert [line.partition(";")[0] for line in lines(findings, "share of queries")] == [
        "impossible: Table 1, A, CUHK, rank10: 70.31 cannot be a share of 1,000 or 400 queries"
    ]


def test_a_mean_of_several_runs_need_not_be_a_share(tmp_path: Path) -> None:
    assert found(tmp_path, queries=(1000,), table1=HEAD + "A,CUHK,40.17 ± 0.2,60.25 (0.1),70.31 ± 0.3\n") == []


def test_shares_of_one_are_read_as_percentages(tmp_path: Path) -> None:
    findings = found(tmp_path, queries=(1000,), table1=HEAD + "A,CUHK,0.401,0.6025,0.71\n")
    assert [line.partition(";")[0] for line in lines(findings, "share of queries")] == [
        "impossible: Table 1, A, CUHK, rank5: 0.6025 cannot be a share of 1,000 queries"
    ]


def test_systems_at_chance_have_percentages_below_one(tmp_path: Path) -> None:
    rows = "random,CUHK,0.14,0.70,1.40\nother,CUHK,0.21,0.84,1.72\n"
    assert lines(found(tmp_path, table1=HEAD + rows), "rank order") == []
    (tmp_path / "table1.csv").unlink()
    read = material(tmp_path, table2="Method,Rank-1 (%)\nrandom,0.14\n")
    assert [number.printed.value for number in read.numbers] == [Fraction(14, 100)]


def test_a_row_that_no_plausible_number_of_queries_gives(tmp_path: Path) -> None:
    sets = "place,scenario,dataset,unit,count,source\nSection 4,,CUHK,identities,100,stated\n"
    sizes = "dataset,person_ids,descriptions\nCUHK,3000,12602\n"
    findings = found(tmp_path, table1=HEAD + "A,CUHK,85.72,95.00,99.00\nB,CUHK,80.00,90.00,95.00\n",
                     table2=sizes, test_sets=sets)  # fmt: skip
    assert lines(findings, "share of queries") == [
        "inconsistent: Table 1, A, CUHK: no number of queries from 100 to 630 gives 85.72 (which takes 1,338 if "
        "rounded, 911 if truncated); stated are 100 identities"
    ]


def test_identities_say_nothing_without_their_number_of_captions(tmp_path: Path) -> None:
    sets = "place,scenario,dataset,unit,count,source\nSection 4,,CUHK,identities,100,stated\n"
    assert found(tmp_path, table1=HEAD + "A,CUHK,85.72,95.00,99.00\n", test_sets=sets) == []


def test_fewer_captions_than_images_say_nothing(tmp_path: Path) -> None:
    sets = "place,scenario,dataset,unit,count,source\nSection 4,,CUHK,images,300,stated\n"
    sizes = "dataset,images,descriptions\nCUHK,3000,1000\n"
    assert found(tmp_path, table1=HEAD + "A,CUHK,33.40,60.20,70.10\n", table2=sizes, test_sets=sets) == []


def test_two_places_with_two_values(tmp_path: Path) -> None:
    findings = found(tmp_path, table1=GOOD, table2=HEAD + "A,CUHK,41.10,60.2,70.31\nB,CUHK,50.1,71.43,80.55\n")
    assert lines(findings, "same number") == [
        "inconsistent: Table 2, A, CUHK, rank1: 41.10 here, 40.10 in Table 1, A, CUHK"
    ]


def test_results_without_decimals_are_rounded_and_counts_are_exact(tmp_path: Path) -> None:
    one = "system,scenario,rank1,rank5,mAP (%)\na,S1,80,80,61\n"
    other = "system,scenario,rank1,rank5,mAP\na,S1,80.3,80.2,61.4\n"
    quoted = "place,system,scenario,dataset,quantity,value,unit,of\nSection 4,a,S1,,rank1,81,%,\n"
    published = "subject,dataset,attribute,value,source\na,X,rank1,80,elsewhere\n"
    scenarios = "scenario,train,test\nS1,X,X\n"
    read = {"table1": one, "table2": other, "published": published, "scenarios": scenarios}
    assert [line.split(" is ")[0] for line in lines(found(tmp_path, **read), "rank order")] == [
        "impossible: Table 2, a: Rank-1 80.3"
    ]
    read["table2"] = other.replace("80.2", "80.7")
    assert found(tmp_path, **read, numbers=quoted.replace("81,%", "80,%")) == []
    sizes = {f"table{number}": f"dataset,images\nX,{count}\n" for number, count in ((3, 80), (4, 81))}
    quoted = "place,system,scenario,dataset,quantity,value,unit,of\nSection 4,,,X,images,80.3,,\n"
    assert lines(found(tmp_path, **sizes, numbers=quoted), "same number") == [
        "inconsistent: Section 4, X, images: 80.3 here, 80 in Table 3, X"
    ]


def test_values_that_the_text_exchanges(tmp_path: Path) -> None:
    table = "system,scenario,rank1\na,S1,33.07\nb,S1,52.40\n"
    quoted = "place,system,scenario,dataset,quantity,value,unit,of\nSection 4,a,S1,,rank1,52.40,%,\n"
    assert lines(found(tmp_path, table8=table, numbers=quoted), "same number") == [
        "inconsistent: Section 4, a, S1, rank1: 52.40 here, 33.07 in Table 8, a; 52.40 is printed in Table 8, b"
    ]


def test_a_value_of_a_dataset_is_that_of_one_of_its_scenarios(tmp_path: Path) -> None:
    table = "system,scenario,rank1\na,S1,33.07\na,S2,52.40\na,S3,60.00\n"
    scenarios = "scenario,train,test\nS1,X,X\nS2,X,Y\nS3,X,Y\n"
    overview = "system,dataset,rank1\na,Y,{}\n"
    assert found(tmp_path, table1=overview.format("60.00"), table2=table, scenarios=scenarios) == []
    findings = found(tmp_path, table1=overview.format("33.07"), table2=table, scenarios=scenarios)
    assert lines(findings, "same number") == [
        "inconsistent: Table 1, a, Y, rank1: 33.07 on Y here, 52.40 in Table 2, a, 60.00 in Table 2, a; "
        "33.07 is printed in Table 2, a"
    ]


def test_rows_of_one_table_may_differ(tmp_path: Path) -> None:
    assert found(tmp_path, table1="Method,Backbone,Rank-1\nOurs,ResNet,50.1\nOurs,ViT,60.1\n") == []


def test_a_backbone_and_a_name_that_change_between_tables(tmp_path: Path) -> None:
    one = "Method,Dataset,Text encoder,Rank-1\nOurs,CUHK,GPT-2,50.1\nIRRA,CUHK,CLIP,60.1\n"
    other = "Method,Dataset,Text encoder,Rank-1\nOurs,CUHK,PhoBERT,50.1\nIrra,cuhk,C-LIP,60.1\n"
    findings = found(tmp_path, table1=one, table2=other)
    assert lines(findings, "same description") == [
        "inconsistent: ours on CUHK, text encoder: GPT-2 in Table 1, Ours, CUHK; PhoBERT in Table 2, Ours, CUHK"
    ]
    assert [line.partition(" spellings: ")[2].split(" in ")[0] for line in lines(findings, "same name")] == [
        "CUHK", "IRRA", "CLIP",
    ]  # fmt: skip


def test_decimals_that_three_rows_share(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [",".join(f"{value:.2f}" for value in np.sort(rng.uniform(10, 90, 3))) for _ in range(20)]
    others = "".join(f"m{number},CUHK,{row}\n" for number, row in enumerate(rows))
    planted = "A,CUHK,50.72,67.31,79.13\nB,CUHK,77.72,94.31,97.02\nC,CUHK,85.72,97.31,99.70\n"
    assert lines(found(tmp_path, table1=HEAD + others), "repeated decimals") == []
    (line,) = lines(found(tmp_path, table1=HEAD + others + planted), "repeated decimals")
    assert line.startswith(
        "unlikely: Table 1, A, CUHK; Table 1, B, CUHK; Table 1, C, CUHK: same decimals: Rank-1 50.72"
    )
    assert "chance 1e-08 for these rows" in line


def test_one_row_in_two_tables_is_one_measurement(tmp_path: Path) -> None:
    assert found(tmp_path, table1=GOOD, table2=GOOD) == []


def test_decimals_of_few_queries_share_often(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    counts = np.sort(rng.integers(20, 180, (30, 3)))
    rows = "".join(f"m{k},CUHK,{a / 2:.2f},{b / 2:.2f},{c / 2:.2f}\n" for k, (a, b, c) in enumerate(counts))
    assert lines(found(tmp_path, queries=(200,), table1=HEAD + rows), "repeated decimals") == []


def test_ranks_at_or_near_100_share_decimals_by_nature(tmp_path: Path) -> None:
    rows = (
        "81.31,99.90,100.00,100.00",
        "84.12,99.90,99.95,100.00",
        "90.33,99.85,99.95,100.00",
        "93.77,99.90,99.95,99.98",
    )
    table = "Method,R@1,R@5,R@10,R@20\n" + "".join(f"m{number},{row}\n" for number, row in enumerate(rows))
    assert lines(found(tmp_path, table1=table), "repeated decimals") == []


def test_digits_at_other_places_are_other_decimals(tmp_path: Path) -> None:
    table = HEAD + "A,CUHK,50.72,67.31,79.13\nB,CUHK,77.072,94.031,97.013\n"
    assert lines(found(tmp_path, table1=table), "repeated decimals") == []


def test_means_of_two_pairs_of_texts_that_agree(tmp_path: Path) -> None:
    table = "dataset,images,mean_words\na,10,26.10\nb,10,26.10\nc,20,30.02\nd,20,30.02\n"
    findings = found(tmp_path, table1=GOOD, table3=table)
    assert lines(findings, "repeated mean")[0].startswith("unlikely: Table 3: mean_words: 26.10 in Table 3, a and")
    assert lines(found(tmp_path, table3=table.replace("26.10\nc", "27.10\nc")), "repeated mean") == []


def test_a_mean_that_very_many_rows_share_has_a_chance(tmp_path: Path) -> None:
    means = "".join(f"m{k},12.25,{10.5 + k}\n" for k in range(60))
    (line,) = lines(found(tmp_path, table2="method,mean_len,rank1\n" + means), "repeated mean")
    assert line.endswith("chance of as many equal pairs below 1e-300")


@pytest.mark.parametrize(("last", "noticed"), [("92.10", False), ("99.60", True)])
def test_a_row_off_the_curve_of_the_others(tmp_path: Path, last: str, noticed: bool) -> None:
    rows = [(20, 52.5), (35, 69.0), (41, 73.9), (56, 84.1), (64, 88.6), (70, 90.8), (73, 92.3)]
    table = "Method,R@1,R@10\n" + "".join(f"m{one},{one}.11,{ten}1\n" for one, ten in rows) + f"ours,72.40,{last}\n"
    assert bool(lines(found(tmp_path, table1=table), "rank profile")) is noticed


def test_a_row_is_compared_with_the_line_of_the_others_as_if_it_were_fitted_again(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    one = rng.uniform(20, 80, 12)
    ten = 100 * expit(logit(one / 100) + 1.5 + rng.normal(0, 0.1, 12))
    ten[4] = 100 * expit(logit(one[4] / 100) + 2.6)
    texts = [(f"{a:.2f}", f"{b:.2f}") for a, b in zip(one, ten, strict=True)]
    x, y = (logit(np.array(column, dtype=float) / 100) for column in zip(*texts, strict=True))
    others = np.arange(12) != 4
    line = OLS(y[others], add_constant(x[others])).fit()
    new = line.get_prediction(np.array([[1.0, x[4]]]))
    p = 12 * 2 * stats.t.sf(abs(y[4] - new.predicted_mean[0]) / new.se_obs[0], 9)
    table = "Method,R@1,R@10\n" + "".join(f"m{k},{a},{b}\n" for k, (a, b) in enumerate(texts))
    (found_line,) = lines(found(tmp_path, table1=table), "rank profile")
    assert f"give {100 * expit(new.predicted_mean[0]):.2f}; p {p:.1g} among 12 rows" in found_line


def test_a_table_of_ten_thousand_rows_takes_seconds(tmp_path: Path) -> None:
    """Of the rows every one is compared with all others: a rule that does so one by one takes minutes."""
    rng = np.random.default_rng(5)
    rows = [",".join(f"{value:.2f}" for value in np.sort(rng.uniform(10, 90, 3))) for _ in range(10_000)]
    table = HEAD + "".join(f"m{number},CUHK,{row}\n" for number, row in enumerate(rows))
    sizes = "dataset,person_ids,descriptions\nCUHK,3000,12602\n"
    sets = "place,scenario,dataset,unit,count,source\nSection 4,,CUHK,identities,100,stated\n"
    begin = process_time()
    found(tmp_path, table1=table, table2=sizes, test_sets=sets)
    assert process_time() - begin < 60
