#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "gateway/test_gateway.h"
#include "observe/exposition.h"
#include "policy/policy.h"

namespace penstock {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kConfig = R"(
listeners: [ { name: public, address: "10.0.0.1:8080" } ]
services: [ { serviceName: s, instances: [ { host: 10.0.0.11, port: 80 } ],
              retry: { attempts: 1 } } ]
routes:
  - { routeId: open, methods: [ GET, POST ], path: "/open/*", upstreamService: s,
      authRequired: false }
  - { routeId: closed, method: GET, path: /closed, upstreamService: s }
  - { routeId: asks, method: OPTIONS, path: "/open/asks", upstreamService: s,
      authRequired: false }
)";

constexpr Reason kUnwanted{"unwanted", 403, Side::client, "It is not wanted.",
                           "http_request_denied"};

// What a policy of these tests does.
struct Orders {
  std::string id;
  Stage stage = Stage::cors;
  std::function<Step(Exchange&)> request = [](Exchange&) { return proceed(); };
  std::function<void(Exchange&)> response = [](Exchange&) {};
  bool preflights = false;
};

// Does what it is told to, and notes when it was asked.
class Obedient final : public Policy {
 public:
  Obedient(Orders orders, std::vector<std::string>& heard)
      : Policy(orders.id), orders_(std::move(orders)), heard_(heard) {}

  std::string_view kind() const override { return "obedient"; }
  Stage stage() const override { return orders_.stage; }
  bool answers_preflights() const override { return orders_.preflights; }
  Step on_request(Exchange& exchange) const override {
    heard_.push_back(id() + " asked");
    return orders_.request(exchange);
  }
  void on_response(Exchange& exchange) const override {
    heard_.push_back(id() + " told");
    orders_.response(exchange);
  }
  void on_done(Exchange&) const override { heard_.push_back(id() + " done"); }

 private:
  const Orders orders_;
  std::vector<std::string>& heard_;
};

// As the content came, in capitals.
class Capitals final : public http::BodyAdapter {
 public:
  using BodyAdapter::BodyAdapter;

 private:
  Result<http::Piece> pass(const http::Piece& piece) override {
    text_ = piece.bytes;
    for (char& c : text_)
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    return http::Piece{text_, piece.last};
  }
  std::string text_;
};

// Every byte twice.
class Twice final : public http::BodyAdapter {
 public:
  using BodyAdapter::BodyAdapter;

 private:
  Result<http::Piece> pass(const http::Piece& piece) override {
    text_.clear();
    for (const char c : piece.bytes) text_.append(2, c);
    return http::Piece{text_, piece.last};
  }
  std::string text_;
};

// Takes nothing.
class Unwilling final : public http::BodyAdapter {
 public:
  using BodyAdapter::BodyAdapter;

 private:
  Result<http::Piece> pass(const http::Piece&) override { return fail(kUnwanted); }
};

template <class Adapter>
void adapt(Exchange& exchange, http::Body*& body) {
  if (body != nullptr) body = &exchange.keep(std::make_unique<Adapter>(*body));
}

Task<Step> wait(Loop& loop, Duration duration, std::function<Step()> then) {
  const auto rested = co_await sleep_for(loop, duration);
  if (!rested) co_return reject(reasons::kDraining);
  co_return then();
}

class PoliciesTest : public TestGateway {
 protected:
  PoliciesTest() : TestGateway(kConfig) {}

  // All routes have these policies.
  void have(std::vector<Orders> orders) {
    auto set = std::make_shared<PolicySet>();
    set->chains.assign(1, {});
    for (auto& order : orders) {
      set->all.push_back(std::make_unique<Obedient>(std::move(order), heard_));
      set->chains[0].push_back(set->all.back().get());
    }
    auto snapshot = compiled();
    snapshot->policies = {.set = std::move(set),
                          .of_route = std::vector<std::uint32_t>(snapshot->routes.size(), 0)};
    publish(std::move(snapshot));
  }
  // A policy that only listens.
  static Orders listener(std::string id, Stage stage = Stage::cors) {
    return {.id = std::move(id), .stage = stage};
  }
  // What was measured of policies: the lines of the metric, but its buckets.
  std::string measured() const {
    const MetricCopy copies[] = {store_.copy()};
    std::istringstream lines(expose(merge(copies), MetricFormat::prometheus));
    std::string out;
    for (std::string line; std::getline(lines, line);)
      if (line.starts_with("penstock_policy_duration_seconds_") &&
          line.find("kind=\"obedient\"") != std::string::npos &&
          line.find("_bucket") == std::string::npos)
        out += line.substr(sizeof("penstock_policy_duration_seconds_") - 1) + '\n';
    return out;
  }
  static std::string content(const std::string& answer) {
    return answer.substr(answer.find("\r\n\r\n") + 4);
  }

  std::vector<std::string> heard_;
};

// --- Who is asked, and when

TEST_F(PoliciesTest, AreAskedInOrderAndToldLastToFirst) {
  answer({{ok()}});
  have({listener("a"), listener("b", Stage::transform)});
  EXPECT_TRUE(get("/open/1").starts_with("HTTP/1.1 200 "));
  EXPECT_THAT(heard_, ElementsAre("a asked", "b asked", "b told", "a told", "b done", "a done"));
}

TEST_F(PoliciesTest, OnlyThoseThatWereAskedAreTold) {
  have({listener("a"),
        {.id = "b", .request = [](Exchange&) { return reject(kUnwanted, "It is <late>."); }},
        listener("c")});
  const auto answer = get("/open/1");
  expect_refused(answer, 403, "unwanted");
  EXPECT_EQ(problem(answer)["detail"], "It is not wanted. It is <late>.");
  EXPECT_EQ(field(answer, "Proxy-Status"), "penstock; error=http_request_denied");
  EXPECT_THAT(heard_, ElementsAre("a asked", "b asked", "b told", "a told", "b done", "a done"));
  EXPECT_EQ(logged()["reason"], "unwanted");
}

TEST_F(PoliciesTest, NobodyIsAskedWhereNoRouteMatches) {
  have({listener("a")});
  expect_refused(get("/nothing"), 404, "no_route");
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(PoliciesTest, StandBeforeAndBehindAuthentication) {
  have({listener("before", Stage::limit_anonymous), listener("behind", Stage::limit_known)});
  expect_refused(get("/closed"), 401, "no_auth_policy");
  EXPECT_THAT(heard_, ElementsAre("before asked", "before told", "before done"));
}

TEST_F(PoliciesTest, AnswerByThemselves) {
  have({{.id = "a",
         .request =
             [](Exchange& exchange) {
               exchange.response.status = 203;
               exchange.response.framing = http::Framing::length;
               exchange.text = http::TextBody("mine");
               exchange.response.content_length = 4;
               exchange.response_body = &exchange.text;
               return penstock::answer();
             },
         .response = [](Exchange& exchange) { exchange.response.fields.add("X-Told", "1"); }},
        listener("b")});
  const auto answer = get("/open/1");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 203 ")) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\nmine"));
  EXPECT_EQ(field(answer, "X-Told"), "1");
  EXPECT_EQ(field(answer, "Via"), "(none)");
  EXPECT_THAT(heard_, ElementsAre("a asked", "a told", "a done"));
  EXPECT_TRUE(logged()["reason"].is_null());
}

TEST_F(PoliciesTest, AreToldOfAnswersThatTheGatewayMakes) {
  have({{.id = "a", .response = [](Exchange& exchange) {
           const auto status = std::to_string(exchange.response.status);
           exchange.response.fields.add("X-Seen", exchange.arena().copy(status));
         }}});
  const auto answer = get("/open/1");  // No service is there.
  expect_refused(answer, 502, "upstream_connect_refused");
  EXPECT_EQ(field(answer, "X-Seen"), "502");
}

TEST_F(PoliciesTest, AddFieldsToWhateverAnswerThereIs) {
  const auto own = [](Exchange& exchange) {
    exchange.own_fields.add("X-Own", "1");
    return exchange.target.path == "/open/no" ? reject(kUnwanted) : proceed();
  };
  std::string seen_by_response;
  have({{.id = "a", .request = own, .response = [&](Exchange& exchange) {
           const auto* const own_field = exchange.response.fields.find("X-Own");
           seen_by_response += own_field == nullptr ? "-" : own_field->value;
         }}});
  answer({{ok()}});
  EXPECT_EQ(field(get("/open/1"), "X-Own"), "1");
  EXPECT_EQ(field(get("/open/no"), "X-Own"), "1");
  EXPECT_EQ(seen_by_response, "11");
  EXPECT_EQ(field(seen(), "X-Own"), "(none)");
}

TEST_F(PoliciesTest, ChangeTheRequestAndTheAnswer) {
  answer({{"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Inside: 1\r\n\r\n"}});
  have({{.id = "a",
         .request =
             [](Exchange& exchange) {
               exchange.request.fields.add("X-Added", "1");
               return proceed();
             },
         .response = [](Exchange& exchange) { exchange.response.fields.remove("X-Inside"); }}});
  EXPECT_EQ(field(get("/open/1"), "X-Inside"), "(none)");
  EXPECT_EQ(field(seen(), "X-Added"), "1");
}

// --- Those that wait

TEST_F(PoliciesTest, WaitWithoutLosingTheirPlace) {
  answer({{ok()}});
  const auto rest = [this](Exchange& exchange) {
    return later(wait(exchange.loop(), 1s, [this] {
      heard_.emplace_back("rested");
      return proceed();
    }));
  };
  have({{.id = "a", .request = rest}, {.id = "b", .request = rest}, listener("c")});
  const auto began = loop_.now();
  EXPECT_TRUE(get("/open/1").starts_with("HTTP/1.1 200 "));
  EXPECT_GE(loop_.now() - began, 2s);
  EXPECT_THAT(heard_, ElementsAre("a asked", "rested", "b asked", "rested", "c asked", "c told",
                                  "b told", "a told", "c done", "b done", "a done"));
}

TEST_F(PoliciesTest, MayRejectOrAnswerAfterAWait) {
  have({{.id = "a",
         .request =
             [](Exchange& exchange) {
               return later(wait(exchange.loop(), 1s, [&exchange] {
                 if (exchange.target.path == "/open/no") return reject(kUnwanted);
                 exchange.response.status = 204;
                 return penstock::answer();
               }));
             }},
        listener("b")});
  expect_refused(get("/open/no"), 403, "unwanted");
  EXPECT_TRUE(get("/open/yes").starts_with("HTTP/1.1 204 "));
  EXPECT_EQ(std::ranges::count(heard_, "b asked"), 0);
}

TEST_F(PoliciesTest, AWaitThatIsCancelledEndsTheExchange) {
  have({{.id = "a", .request = [](Exchange& exchange) {
           return later(wait(exchange.loop(), 24h, [] { return proceed(); }));
         }}});
  open();
  Scope scope(loop_);
  scope.spawn(ask_and_leave(*this));  // Says nothing of leaving to a policy that waits.
  loop_.run_for(1min);
  EXPECT_THAT(heard_, ElementsAre("a asked"));
  scope_.cancel();
  EXPECT_TRUE(loop_.run_until([&] { return scope_.empty() && scope.empty(); }, 1h));
  EXPECT_EQ(std::ranges::count(heard_, "a done"), 1);
}

TEST_F(PoliciesTest, AreDoneOnceWhenTheClientGoesAway) {
  answer({{ok(), Act::End::keep, true, 10s}});
  have({listener("a"), listener("b", Stage::transform)});
  open();
  Scope scope(loop_);
  scope.spawn(ask_and_leave(*this));
  loop_.run_until([&] { return scope.empty(); });
  loop_.run_for(1min);
  EXPECT_EQ(logged()["reason"], "client_closed");
  EXPECT_THAT(heard_, ElementsAre("a asked", "b asked", "b done", "a done"));
}

TEST_F(PoliciesTest, AreDoneOnceWhenTheAnswerIsCutShort) {
  answer({{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegun\r\n", Act::End::fin}});
  have({listener("a")});
  get("/open/1");
  EXPECT_THAT(heard_, ElementsAre("a asked", "a told", "a done"));
}

TEST_F(PoliciesTest, OfATunnelAreDoneAtItsEndThoughTheirSnapshotIsGone) {
  have({listener("a")});
  std::string heard;
  open_tunnel(heard);
  EXPECT_THAT(heard_, ElementsAre("a asked", "a told"));
  have({listener("b")});
  get("/nothing");  // The worker has seen the next.
  loop_.run_for(1min);
  EXPECT_TRUE(heard.ends_with("\r\n\r\nhellolater")) << heard;
  EXPECT_THAT(heard_, ElementsAre("a asked", "a told", "a done"));
}

// --- Bodies

TEST_F(PoliciesTest, AdaptBothBodies) {
  answer({{ok("answer")}});
  have({{.id = "a",
         .request =
             [](Exchange& exchange) {
               adapt<Capitals>(exchange, exchange.request_body);
               return proceed();
             },
         .response =
             [](Exchange& exchange) {
               adapt<Twice>(exchange, exchange.response_body);
               exchange.response.framing = http::Framing::chunked;
             }}});
  const auto answer = get("/open/1", "Content-Length: 7\r\n", "POST", "content");
  EXPECT_EQ(service_->contents().back(), "CONTENT");
  EXPECT_EQ(field(answer, "Transfer-Encoding"), "chunked");
  EXPECT_EQ(field(answer, "Content-Length"), "(none)");
  EXPECT_EQ(content(answer), "c\r\naannsswweerr\r\n0\r\n\r\n");
  const auto line = logged();
  EXPECT_EQ(line["bytes_in"], 7);
  EXPECT_EQ(line["bytes_out"], 12);
}

TEST_F(PoliciesTest, AdaptersStandOnOneAnother) {
  answer({{ok("ab")}});
  const auto twice = [](Exchange& exchange) {
    adapt<Twice>(exchange, exchange.response_body);
    exchange.response.framing = http::Framing::chunked;
  };
  have({{.id = "a", .response = twice}, {.id = "b", .response = twice}});
  EXPECT_EQ(content(get("/open/1")), "8\r\naaaabbbb\r\n0\r\n\r\n");
}

TEST_F(PoliciesTest, LongBodiesAreAdaptedPieceByPiece) {
  const auto text = numbered(300'000);
  answer({{ok(text)}});
  have({{.id = "a", .response = [](Exchange& exchange) {
           adapt<Capitals>(exchange, exchange.response_body);
         }}});
  const auto answer = get("/open/1");
  EXPECT_EQ(content(answer).size(), text.size());
  EXPECT_EQ(logged()["bytes_out"], text.size());
}

TEST_F(PoliciesTest, AnAdapterThatRefusesARequestsBodyEndsIt) {
  answer({{ok(), Act::End::keep, true, 10s}});
  have({{.id = "a", .request = [](Exchange& exchange) {
           adapt<Unwilling>(exchange, exchange.request_body);
           return proceed();
         }}});
  expect_refused(get("/open/1", "Content-Length: 7\r\n", "POST", "content"), 403, "unwanted");
}

TEST_F(PoliciesTest, AnAdapterThatRefusesAnAnswersBodyCutsItShort) {
  answer({{ok()}});
  have({{.id = "a", .response = [](Exchange& exchange) {
           adapt<Unwilling>(exchange, exchange.response_body);
         }}});
  const auto answer = get("/open/1");
  EXPECT_EQ(content(answer), "");
  EXPECT_EQ(logged()["reason"], "unwanted");
}

// --- Preflights

const std::string kPreflight =
    "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n";

Orders cors(std::string id) {
  return {.id = std::move(id),
          .request =
              [](Exchange& exchange) {
                exchange.response.status = 204;
                exchange.own_fields.add("X-Route", exchange.route->route_id);
                return penstock::answer();
              },
          .preflights = true};
}

TEST_F(PoliciesTest, APreflightIsMatchedByTheMethodThatItAsksAbout) {
  have({cors("a")});
  EXPECT_EQ(field(get("/open/1", kPreflight, "OPTIONS"), "X-Route"), "open");
  EXPECT_EQ(field(get("/closed", kPreflight, "OPTIONS"), "X-Route"), "closed");
  // Even where there is a route for OPTIONS itself.
  EXPECT_EQ(field(get("/open/asks", kPreflight, "OPTIONS"), "X-Route"), "open");
}

TEST_F(PoliciesTest, AMethodThatNoRouteServesIs405ForItsPreflightToo) {
  have({cors("a")});
  const std::string preflight =
      "Origin: https://a.example\r\nAccess-Control-Request-Method: DELETE\r\n";
  expect_refused(get("/open/1", preflight, "OPTIONS"), 405, "method_not_allowed");
  expect_refused(get("/nothing", preflight, "OPTIONS"), 404, "no_route");
  EXPECT_EQ(field(get("/open/asks", preflight, "OPTIONS"), "X-Route"), "asks");
}

TEST_F(PoliciesTest, WithoutACorsPolicyAPreflightIsTheOptionsThatItIs) {
  answer({{ok()}});
  have({listener("a")});
  expect_refused(get("/open/1", kPreflight, "OPTIONS"), 405, "method_not_allowed");
  EXPECT_TRUE(get("/open/asks", kPreflight, "OPTIONS").starts_with("HTTP/1.1 200 "));
  EXPECT_TRUE(seen().starts_with("OPTIONS /open/asks "));
}

TEST_F(PoliciesTest, AnOptionsThatAsksAboutNoMethodIsMatchedAsSuch) {
  have({cors("a")});
  expect_refused(get("/open/1", "Origin: https://a.example\r\n", "OPTIONS"), 405,
                 "method_not_allowed");
  expect_refused(get("/open/1", "Access-Control-Request-Method: GET\r\n", "OPTIONS"), 405,
                 "method_not_allowed");
  expect_refused(get("/open/1", kPreflight + kPreflight, "OPTIONS"), 405, "method_not_allowed");
}

// --- How long it takes

Orders resting(std::string id) {
  return {.id = std::move(id), .stage = Stage::transform, .request = [](Exchange& exchange) {
            return later(wait(exchange.loop(), 250ms, [] { return proceed(); }));
          }};
}

TEST_F(PoliciesTest, OneRequestIn64IsMeasured) {
  int count = 0;
  have({{.id = "a", .request = [&](Exchange& exchange) {
           count += exchange.times.measured ? 1 : 0;
           return reject(kUnwanted);
         }}});
  for (int i = 0; i < 63; ++i) get("/open/1");
  EXPECT_EQ(count, 0);
  for (int i = 63; i < 128; ++i) get("/open/1");
  EXPECT_EQ(count, 2);
  EXPECT_THAT(measured(), HasSubstr("count{stage=\"cors\",kind=\"obedient\"} 2\n"));
}

TEST_F(PoliciesTest, ATrustedSenderIsToldHowLongEachStageTook) {
  trust({"10.1.0.0/16"});
  answer({{ok(), Act::End::keep, true, 500ms}});
  have({listener("a"), resting("b")});
  const auto answer = get("/open/1", "Server-Timing: please\r\n");
  const auto times = field(answer, "Server-Timing");
  EXPECT_THAT(times, HasSubstr("transform;dur=25"));
  EXPECT_THAT(times, HasSubstr("forward;dur="));
  EXPECT_THAT(times, HasSubstr("total;dur="));
  EXPECT_THAT(times, Not(HasSubstr("cors")));  // In virtual time it took none.
  EXPECT_EQ(field(seen(), "Server-Timing"), "(none)");
  EXPECT_THAT(measured(), HasSubstr("sum{stage=\"transform\",kind=\"obedient\"} 0.25"));
  EXPECT_THAT(measured(), HasSubstr("count{stage=\"transform\",kind=\"obedient\"} 1\n"));
  EXPECT_EQ(field(get("/open/1"), "Server-Timing"), "(none)");
}

TEST_F(PoliciesTest, AStrangerIsNotToldHowLongItTook) {
  answer({{ok()}});
  have({resting("a")});
  EXPECT_EQ(field(get("/open/1", "Server-Timing: please\r\n"), "Server-Timing"), "(none)");
  EXPECT_EQ(field(seen(), "Server-Timing"), "(none)");
  EXPECT_EQ(measured(), "");
}

TEST_F(PoliciesTest, ARefusalSaysHowLongItTookToo) {
  trust({"10.1.0.0/16"});
  have({resting("a"), {.id = "b", .stage = Stage::transform, .request = [](Exchange&) {
                         return reject(kUnwanted);
                       }}});
  const auto times = field(get("/open/1", "Server-Timing: please\r\n"), "Server-Timing");
  EXPECT_THAT(times, HasSubstr("transform;dur=25"));
}

}  // namespace
}  // namespace penstock
