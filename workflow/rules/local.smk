"""What the local branch reads: part label maps of the images, noun phrases of the captions; what these are worth."""


rule parse:
    input:
        inputs("parse"),
    output:
        parts=directory(layout.template("parse", "parts")),
        report=layout.template("parse", "report"),
    log:
        layout.log("parse"),
    benchmark:
        layout.benchmark("parse")
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=gpus("parse"),
    params:
        spec=spec("parse"),
        code=code("parse"),
        weights=weights("parse"),
    shell:
        "python -m glalign parse --spec {params.spec:q} --out {output.parts:q} --report {output.report:q}"
        " --code {params.code} --log {log:q}"


rule phrases:
    input:
        inputs("phrases"),
    output:
        phrases=layout.template("phrases", "phrases"),
    log:
        layout.log("phrases"),
    benchmark:
        layout.benchmark("phrases")
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("phrases"),
        code=code("phrases"),
    shell:
        "python -m glalign phrases --spec {params.spec:q} --out {output.phrases:q} --log {log:q}"


rule coverage:
    input:
        inputs("coverage"),
    output:
        coverage=layout.template("coverage", "coverage"),
    log:
        layout.log("coverage"),
    benchmark:
        layout.benchmark("coverage")
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("coverage"),
        code=code("coverage"),
    shell:
        "python -m glalign coverage --spec {params.spec:q} --out {output.coverage:q} --log {log:q}"


rule phrase_counts:
    input:
        inputs("phrase_counts"),
    output:
        csv=layout.template("phrase_counts", "csv"),
    log:
        layout.log("phrase_counts"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("phrase_counts"),
        code=code("phrase_counts"),
    shell:
        "python -m glalign phrase-counts --spec {params.spec:q} --csv {output.csv:q} --log {log:q}"
