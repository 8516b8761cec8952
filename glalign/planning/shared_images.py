"""Training and test images of one source: numbers of people cannot tell who is in both, so every table says so."""

from glalign.config.datasets import Dataset
from glalign.config.loading import Config
from glalign.contract.image_sources import common, images_from


def shared_images(config: Config, scenario: str) -> tuple[str, ...]:
    """A sentence on each dataset of a scenario's training set whose images have a source in common with the test set's.

    Numbers of people tell nothing there: both releases number the people of that source anew. Datasets of the same
    `people` are left to `check_leakage` and the manifests.
    """
    pair = config.scenarios[scenario]
    tested = config.datasets[config.testsets[pair.test].dataset]
    found = []
    for trained in (config.datasets[name] for name in config.trainsets[pair.train]):
        if trained.people != tested.people and (sources := common(_sources(trained), _sources(tested))):
            both = f"{trained.label} and {tested.label} are both cut from {', '.join(sources)}"
            found.append(f"{both}: people of the test may have been trained on")
    return tuple(found)


def warnings(config: Config) -> tuple[str, ...]:
    """One line for each scenario that trains and tests on images of one source."""
    return tuple(
        f"scenarios.{name}: {sentence}; every table with such a row says so"
        for name in config.scenarios
        for sentence in shared_images(config, name)
    )


def _sources(dataset: Dataset) -> tuple[str, ...]:
    """The datasets that the images of a dataset were cut from; drawn images have none."""
    if dataset.root is None:
        return ()
    return images_from(dataset.format, dataset.label) if dataset.images_from is None else dataset.images_from
