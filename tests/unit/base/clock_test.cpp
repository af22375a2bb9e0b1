#include "base/clock.h"

#include <cstdlib>
#include <ctime>
#include <gtest/gtest.h>

namespace drover {
namespace {

TEST(ClockTest, WritesUtc) {
  const WallTime time{std::chrono::milliseconds(1770938418042)};
  EXPECT_EQ(FormatUtc(time), "2026-02-12T23:20:18Z");
  EXPECT_EQ(FormatUtcMilliseconds(time), "2026-02-12T23:20:18.042Z");
}

TEST(ClockTest, TheCalendarIsThatOfTheZone) {
  setenv("TZ", "Asia/Kolkata", 1);
  tzset();
  const WallTime time{std::chrono::seconds(1770938418)};
  EXPECT_EQ(ToCalendar(time, TimeZone::kUtc), (CalendarTime{2026, 2, 12, 23, 20, 18}));
  EXPECT_EQ(ToCalendar(time, TimeZone::kLocal), (CalendarTime{2026, 2, 13, 4, 50, 18}));
  unsetenv("TZ");
  tzset();
}

}  // namespace
}  // namespace drover
