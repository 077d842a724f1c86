// The fixtures of the tests check what they do by doctest; a failure ends the program.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <benchmark/benchmark.h>

int main(int argc, char** argv) {
    doctest::Context checks;
    checks.setAsDefaultForAssertsOutOfTestCases();
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 1;
    benchmark::RunSpecifiedBenchmarks();
    return 0;
}
