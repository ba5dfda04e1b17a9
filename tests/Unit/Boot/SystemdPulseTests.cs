using RpiAgent.Agent.Boot;
using Xunit;

namespace RpiAgent.Tests.Unit.Boot;

public class SystemdPulseTests
{
    [Theory]
    [InlineData("not enrolled: refused: a\nMAINPID=1", "STATUS=not enrolled: refused: a MAINPID=1")]
    [InlineData("a\r\nWATCHDOG=trigger\0b", "STATUS=a  WATCHDOG=trigger b")]
    public void Words_of_strangers_are_no_orders_to_systemd(string text, string sent) => Assert.Equal(sent, SystemdPulse.Status(text).ToString());

    [Fact]
    public void A_status_is_a_line_that_can_be_read() => Assert.Equal(407, SystemdPulse.Status(new string('x', 1_000_000)).ToString().Length);
}
