#include "conformance/runner.hpp"

#include "conformance/error.hpp"
#include "conformance/sweep.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <semaphore>
#include <thread>

namespace bpf_assay::conformance {
namespace {

/// The vectors of one runtime, handed out one by one to its workers.
class RuntimeRun {
public:
    RuntimeRun(const Runtime& runtime, const RunOptions& options)
        : m_runtime(runtime), m_options(options) {
        m_result.name = runtime.name;
        m_result.command = runtime.text();
        m_result.one_shot = runtime.one_shot.has_value();
    }

    /// Asks the runtime who it is, and leaves out the vectors that its extensions switch off, and
    /// those that need what it does not offer.
    void begin(const std::vector<const Vector*>& vectors) {
        try {
            m_first = make_examiner(m_runtime, m_options.examine);
            m_result.hello = m_first->hello();
        } catch (const RuntimeUnavailable& unavailable) {
            return stop(RuntimeStatus::unavailable, unavailable.why);
        } catch (const CannotStart& cannot_start) {
            if (m_runtime.install.empty())
                throw; // it was asked for by its command, which is a mistake then
            if (cannot_start.missing)
                return stop(RuntimeStatus::unavailable,
                            fmt::format("{}; {}", cannot_start.what(), m_runtime.install));
            stop(RuntimeStatus::given_up, cannot_start.what());
        } catch (const GivenUp& given_up) {
            stop(RuntimeStatus::given_up, given_up.why);
        } catch (const Interrupted&) {
            stop(RuntimeStatus::interrupted, "interrupted");
        }
        const auto& extensions = m_result.hello.extensions;
        for (const Vector* vector : vectors) {
            const bool off = std::ranges::find(extensions, vector->unless) != extensions.end();
            auto needs = usable() ? lacking(m_result.hello, *vector) : std::nullopt;
            if (off)
                m_result.switched_off.push_back(vector);
            else if (needs)
                m_result.not_offered.push_back({vector, std::move(*needs)});
            else
                m_result.vectors.push_back(vector);
        }
        m_result.results.resize(m_result.vectors.size());
        for (VectorResult& result : m_result.results)
            result.outcome = Outcome::not_run;
    }

    std::size_t count() const { return m_result.vectors.size(); }
    ByteOrder byte_order() const { return m_result.hello.byte_order; }

    void work(const std::function<void()>& done) {
        std::unique_ptr<Examiner> examiner;
        {
            const std::lock_guard lock(m_mutex);
            examiner = std::move(m_first);
        }
        try {
            if (!examiner)
                examiner = make_examiner(m_runtime, m_options.examine);
            const std::size_t batch = examiner->batch_size();
            for (std::size_t first = 0;
                 !m_stopped && (first = m_next.fetch_add(batch)) < count();) {
                const auto vectors =
                    std::span(m_result.vectors).subspan(first, std::min(batch, count() - first));
                std::ranges::move(examiner->examine(vectors),
                                  m_result.results.begin() + static_cast<std::ptrdiff_t>(first));
                for (std::size_t i = 0; i < vectors.size(); ++i)
                    done();
            }
            examiner->finish();
        } catch (const RuntimeUnavailable& unavailable) {
            stop(RuntimeStatus::given_up, unavailable.why);
        } catch (const CannotStart& cannot_start) { // it could before
            stop(RuntimeStatus::given_up, cannot_start.what());
        } catch (const GivenUp& given_up) {
            stop(RuntimeStatus::given_up, given_up.why);
        } catch (const Interrupted&) {
            stop(RuntimeStatus::interrupted, "interrupted");
        }
        if (examiner) {
            const std::lock_guard lock(m_mutex);
            std::ranges::move(examiner->take_late_findings(), std::back_inserter(m_late));
        }
    }

    RuntimeResult finish(double seconds) {
        m_result.seconds = seconds;
        for (LateFinding& found : m_late) {
            const auto vector = std::ranges::find(m_result.vectors, found.vector);
            if (found.vector == nullptr)
                m_result.unexplained.push_back(
                    fmt::format("{}: {}", name_of(found.failure.outcome), found.failure.why));
            else
                add_late_failure(
                    m_result.results[static_cast<std::size_t>(vector - m_result.vectors.begin())],
                    std::move(found.failure));
        }
        for (std::size_t index = 0; index < count(); ++index) {
            VectorResult& result = m_result.results[index];
            if (result.outcome == Outcome::not_run && result.why.empty())
                result.why = m_result.why;
            apply_divergences(m_runtime.known_divergences, m_result.hello,
                              m_options.examine.profile, *m_result.vectors[index], result);
        }
        return std::move(m_result);
    }

    bool usable() const { return !m_stopped; }

private:
    void stop(RuntimeStatus status, const std::string& why) {
        const std::lock_guard lock(m_mutex);
        if (m_stopped.exchange(true))
            return; // the first reason stays
        m_result.status = status;
        m_result.why = why;
    }

    Runtime m_runtime;
    const RunOptions& m_options;
    RuntimeResult m_result;
    std::unique_ptr<Examiner> m_first;
    std::atomic<std::size_t> m_next = 0;
    std::atomic<bool> m_stopped = false;
    std::vector<LateFinding> m_late;
    std::mutex m_mutex;
};

void check_digests(const std::vector<const Vector*>& vectors,
                   const std::vector<std::unique_ptr<RuntimeRun>>& runs) {
    for (const ByteOrder order : {ByteOrder::little, ByteOrder::big})
        if (std::ranges::any_of(
                runs, [&](const auto& run) { return run->usable() && run->byte_order() == order; }))
            for (const Vector* vector : vectors)
                if (vector->kind == Kind::sweep)
                    check_digest(*vector, order);
}

using Slots = std::counting_semaphore<>;

/// Runs one runtime with its workers, each holding a slot while it works.
RuntimeResult run_one(RuntimeRun& run, std::size_t workers, Slots& slots,
                      const std::function<void()>& done) {
    std::exception_ptr error;
    std::mutex mutex;
    std::optional<Clock::time_point> start;
    const auto work = [&] {
        slots.acquire();
        {
            const std::lock_guard lock(mutex);
            start = start.value_or(Clock::now());
        }
        try {
            run.work(done);
        } catch (...) {
            const std::lock_guard lock(mutex);
            error = std::current_exception();
        }
        slots.release();
    };
    {
        std::vector<std::jthread> threads;
        for (std::size_t worker = 0; run.usable() && worker < workers; ++worker)
            threads.emplace_back(work);
    }
    if (error)
        std::rethrow_exception(error);
    const auto end = Clock::now();
    return run.finish(std::chrono::duration<double>(end - start.value_or(end)).count());
}

} // namespace

std::vector<RuntimeResult> run_vectors(const std::vector<const Vector*>& vectors,
                                       const std::vector<Runtime>& runtimes,
                                       const RunOptions& options) {
    std::vector<std::unique_ptr<RuntimeRun>> runs;
    std::size_t total = 0;
    for (const Runtime& runtime : runtimes) {
        runs.push_back(std::make_unique<RuntimeRun>(runtime, options));
        runs.back()->begin(vectors);
        total += runs.back()->usable() ? runs.back()->count() : 0;
    }
    check_digests(vectors, runs);

    std::mutex mutex;
    std::size_t finished = 0;
    const auto done = [&] {
        const std::lock_guard lock(mutex);
        ++finished;
        if (options.progress)
            options.progress(finished, total);
    };
    Slots slots(options.jobs);
    const std::size_t workers = std::max<std::size_t>(1, options.jobs / runs.size());
    std::vector<std::future<RuntimeResult>> futures;
    for (auto& run : runs)
        futures.push_back(std::async(std::launch::async, [&, current = run.get()] {
            return run_one(*current, workers, slots, done);
        }));
    std::vector<RuntimeResult> results;
    for (auto& future : futures)
        results.push_back(future.get());
    return results;
}

} // namespace bpf_assay::conformance
