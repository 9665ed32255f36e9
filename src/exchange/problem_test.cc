#include "exchange/problem.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "runtime/sim/sim_loop.h"

namespace penstock {
namespace {

using http::Name;

constexpr std::string_view kId = "01890a5d-ac96-774b-bcce-b302099a8057";

class ProblemTest : public ::testing::Test {
 protected:
  std::string write(const Reason& reason, std::string_view detail = {}) {
    exchange_.reject(reason, detail);
    write_problem(exchange_);
    const auto piece = exchange_.response_body->poll();
    return std::string((*piece)->bytes);
  }
  std::string_view field(Name name) {
    const auto* const found = exchange_.response.fields.find(name);
    return found == nullptr ? std::string_view{} : found->value;
  }

  SimLoop loop_{1};
  Exchange exchange_{loop_};
};

TEST_F(ProblemTest, IsValidForEveryReason) {
  exchange_.request_id = kId;
  for (const auto* const reason : reasons::kAll) {
    SCOPED_TRACE(std::string(reason->code));
    const auto problem = nlohmann::json::parse(write(*reason));
    EXPECT_EQ(problem["type"], "about:blank");
    EXPECT_FALSE(problem["title"].get<std::string>().empty());
    EXPECT_EQ(problem["status"], reason->status);
    EXPECT_EQ(problem["detail"], reason->sentence);
    EXPECT_EQ(problem["code"], reason->code);
    EXPECT_EQ(problem["request_id"], kId);
    EXPECT_EQ(problem["instance"], "urn:uuid:" + std::string(kId));
    EXPECT_EQ(exchange_.response.status, reason->status);
    EXPECT_EQ(field(Name::content_type), "application/problem+json");
    EXPECT_EQ(exchange_.response.fields.find("Cache-Control")->value, "no-store");
  }
}

TEST_F(ProblemTest, NamesTheLimitThatRefused) {
  exchange_.limit = {.policy = R"(a "quick" one)", .remaining = 0, .refused = true};
  const auto problem = nlohmann::json::parse(write(reasons::kDraining));
  EXPECT_EQ(problem["type"], "https://iana.org/assignments/http-problem-types#quota-exceeded");
  EXPECT_EQ(problem["violated-policies"], nlohmann::json({R"(a "quick" one)"}));
  exchange_.limit.refused = false;
  EXPECT_FALSE(nlohmann::json::parse(write(reasons::kNoRoute)).contains("violated-policies"));
}

TEST_F(ProblemTest, HasItsLength) {
  const auto text = write(reasons::kNoRoute);
  EXPECT_EQ(exchange_.response.framing, http::Framing::length);
  EXPECT_EQ(exchange_.response.content_length, text.size());
}

TEST_F(ProblemTest, ADetailFollowsTheSentence) {
  const auto problem = nlohmann::json::parse(write(reasons::kMalformedRequest, "It is odd."));
  EXPECT_EQ(problem["detail"], "The request is not well-formed HTTP. It is odd.");
}

TEST_F(ProblemTest, NoDetailBreaksOut) {
  constexpr std::string_view kOdd = "a\"b\\c<d>&\n";
  const auto problem = nlohmann::json::parse(write(reasons::kNoRoute, kOdd));
  EXPECT_EQ(problem["detail"], "Nothing is served here. " + std::string(kOdd));
  exchange_.request.fields.add(Name::accept, "text/html");
  EXPECT_NE(write(reasons::kNoRoute, kOdd).find("a&#34;b&#92;c&#60;d&#62;&#38;&#10;"),
            std::string::npos);
}

TEST_F(ProblemTest, AnIdThatIsNoUuidIsNoUrn) {
  exchange_.request_id = "mine-1";
  const auto problem = nlohmann::json::parse(write(reasons::kNoRoute));
  EXPECT_EQ(problem["request_id"], "mine-1");
  EXPECT_FALSE(problem.contains("instance"));
}

TEST_F(ProblemTest, ABrowserGetsAPage) {
  for (const auto* const accept :
       {"text/html", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html, application/json"}) {
    SCOPED_TRACE(accept);
    exchange_.request.clear();
    exchange_.request.fields.add(Name::accept, accept);
    exchange_.request_id = kId;
    const auto page = write(reasons::kNoRoute);
    EXPECT_TRUE(page.starts_with("<!doctype html><title>404 Not Found</title>")) << page;
    EXPECT_NE(page.find("<code>no_route</code> " + std::string(kId)), std::string::npos);
    EXPECT_EQ(field(Name::content_type), "text/html; charset=utf-8");
    EXPECT_EQ(exchange_.response.content_length, page.size());
  }
}

TEST_F(ProblemTest, EverybodyElseGetsJson) {
  for (const auto* const accept : {"*/*", "application/json", "application/json, text/html", ""}) {
    SCOPED_TRACE(accept);
    exchange_.request.clear();
    exchange_.request.fields.add(Name::accept, accept);
    EXPECT_TRUE(write(reasons::kNoRoute).starts_with("{"));
  }
}

TEST_F(ProblemTest, ProxyStatusSaysWhatKindOfFailureItWas) {
  write(reasons::kConnectRefused);
  EXPECT_EQ(field(Name::proxy_status), "penstock; error=connection_refused");
  exchange_.upstream.status = 103;
  write(reasons::kUpstreamClosed);
  EXPECT_EQ(field(Name::proxy_status),
            "penstock; error=connection_terminated; received-status=103");
}

TEST_F(ProblemTest, ReplacesTheServicesAnswerButKeepsWhatTheRefusalAdds) {
  exchange_.response.status = 200;
  exchange_.response.fields.add("X-Inside", "secret");
  exchange_.reject(reasons::kMethodNotAllowed);
  exchange_.response.fields.add(Name::allow, "GET");
  write_problem(exchange_);
  EXPECT_EQ(exchange_.response.status, 405);
  EXPECT_EQ(exchange_.response.fields.find("X-Inside"), nullptr);
  EXPECT_EQ(field(Name::allow), "GET");
}

}  // namespace
}  // namespace penstock
