// The client cache with a thousand bindings, and with a million.
#include "registration/binding_fixture.hpp"
#include "registration/binding_table.hpp"

#include <benchmark/benchmark.h>
#include <cstdint>
#include <map>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

using namespace roundabout;
using namespace roundabout::registration;

namespace {

/// Made once for each size: a million take seconds.
BindingTable& table_of(std::int64_t size) {
    static std::map<std::int64_t, std::unique_ptr<BindingTable>> tables;
    std::unique_ptr<BindingTable>& table = tables[size];
    if (!table) {
        table = std::make_unique<BindingTable>(HashKey{1, 2});
        for (std::int64_t i = 0; i < size; ++i) {
            ChangeSet changes;
            changes.upserts.push_back(test::sample_binding(static_cast<std::uint32_t>(i)));
            table->apply(std::move(changes));
        }
    }
    return *table;
}

/// Some of them, from all over the table, one after the other.
class Some {
  public:
    explicit Some(std::int64_t size) {
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::uint64_t spread = i * 0x9E3779B97F4A7C15ULL;
            const auto number = (spread >> 32U) * static_cast<std::uint64_t>(size) >> 32U;
            bindings_.push_back(test::sample_binding(static_cast<std::uint32_t>(number)));
        }
    }
    Binding& next() { return bindings_[at_++ % count]; }

  private:
    static constexpr std::size_t count = 65'536;
    std::vector<Binding> bindings_;
    std::size_t at_ = 0;
};

void find_by_id(benchmark::State& state) {
    const BindingTable& table = table_of(state.range(0));
    Some some(state.range(0));
    for (auto _ : state)
        benchmark::DoNotOptimize(table.find(some.next().id));
}
BENCHMARK(find_by_id)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

void find_by_user(benchmark::State& state) {
    const BindingTable& table = table_of(state.range(0));
    Some some(state.range(0));
    for (auto _ : state) {
        const Binding& wanted = some.next();
        const std::string_view aor = wanted.aor;
        const std::string_view user = aor.substr(4, aor.find('@') - 4); // behind "sip:"
        benchmark::DoNotOptimize(table.find_by_user(wanted.server, user));
    }
}
BENCHMARK(find_by_user)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

/// The same binding with the next CSeq.
void refresh(benchmark::State& state) {
    BindingTable& table = table_of(state.range(0));
    Some some(state.range(0));
    for (auto _ : state) {
        Binding& binding = some.next();
        binding.cseq += 1'000'000; // past those of other runs
        ChangeSet changes;
        changes.upserts.push_back(binding);
        benchmark::DoNotOptimize(table.apply(std::move(changes)));
    }
}
BENCHMARK(refresh)->Arg(1'000)->Arg(100'000)->Arg(1'000'000);

} // namespace
