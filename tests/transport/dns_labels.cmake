# Read by ctest after the list of tests. doctest's own script takes one label only.
foreach(test IN LISTS dns_tests_TESTS)
    set_tests_properties("${test}" PROPERTIES LABELS "unit;dns")
endforeach()
