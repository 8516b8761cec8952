"""One rule for each stage of the plan: `glalign run STAGE JOB` with the job's specification in a file."""

for stage in STAGES:
    if stage == "document":
        continue

    rule:
        name:
            stage
        input:
            inputs(stage),
        output:
            **outputs(stage),
        log:
            plan.paths.log(stage),
        benchmark:
            plan.paths.benchmark(stage)
        wildcard_constraints:
            **constraints(stage),
        conda:
            "../envs/glalign.yaml"
        threads: processors(stage)
        resources:
            gpu=gpus(stage),
            mem_mb=STAGES[stage].memory,
            runtime=STAGES[stage].minutes,
        params:
            launch=launch(stage),
            stage=stage,
            job=job_file(stage),
            spec=spec(stage),
            code=code(stage),
            weights=weights(stage),
        shell:
            "{params.launch} run {params.stage} {params.job:q} --code {params.code} --log {log:q}"


# LaTeX is not part of the installation: `snakemake --cores 1 results/tables.pdf` says before anything runs that it is missing.
rule document:
    input:
        inputs("document"),
    output:
        **outputs("document"),
    log:
        plan.paths.log("document"),
    conda:
        "../envs/glalign.yaml"
    params:
        job=job_file("document"),
        spec=spec("document"),
        code=code("document"),
        engine=lambda wildcards: Path(exit_on_user_error(find_engine)).name,
    shell:
        "python -m glalign run document {params.job:q} --code {params.code} --log {log:q}"
