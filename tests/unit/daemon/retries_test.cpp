#include "daemon/retries.h"

#include <gtest/gtest.h>

namespace drover::daemon {
namespace {

JobOutcome Ended(Code code) {
  JobOutcome outcome;
  outcome.error = Error(code, "x", "x");
  return outcome;
}

TEST(RetriesTest, WhatKeptAJobOutIsForgottenWithTheNextOne) {
  JobRequest request;
  request.path = "/nonexistent/app.db";
  Retries retries;
  EXPECT_FALSE(retries.shut_out());
  retries.NoteEnd(request, Ended(Code::kBusy));
  EXPECT_TRUE(retries.shut_out());
  retries.NoteEnd(request, Ended(Code::kInvalid));
  EXPECT_FALSE(retries.shut_out());
  retries.NoteEnd(request, Ended(Code::kIo));
  EXPECT_TRUE(retries.shut_out());
  retries.NoteEnd(request, JobOutcome());
  EXPECT_FALSE(retries.shut_out());
}

}  // namespace
}  // namespace drover::daemon
