using RpiAgent.Coordinator.Cli;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;
using Xunit;

namespace RpiAgent.Tests.Unit.Cli;

public class CliTests
{
    [Fact]
    public void The_dot_env_file_is_read_with_quotes_comments_and_export()
    {
        Dictionary<string, string> variables = DotEnv.Read("# words\nA=1\nexport B = two # why\nC='x # $y'\nD=\"a\\nb\"\n=bad\nnothing\nE=\n");
        Assert.Equal(
            ["A=1", "B=two", "C=x # $y", "D=a\nb", "E="],
            variables.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => $"{one.Key}={one.Value}"));
    }

    [Theory]
    [InlineData("45m", 45 * 60)]
    [InlineData("12h", 12 * 3600)]
    [InlineData("7d", 7 * 86400)]
    public void A_lifetime_is_a_number_with_its_unit(string text, int seconds) => Assert.Equal(seconds, TokenCommands.ParseLifetime(text).TotalSeconds);

    [Theory]
    [InlineData("")]
    [InlineData("h")]
    [InlineData("-1h")]
    [InlineData("12")]
    [InlineData("1.5h")]
    public void A_bad_lifetime_is_a_usage_error(string text) => Assert.Equal(ExitCodes.Usage, Assert.Throws<CliFailure>(() => TokenCommands.ParseLifetime(text)).ExitCode);

    [Theory]
    [InlineData("running", "", "", true)]
    [InlineData("running", "starting", "", false)]
    [InlineData("running", "healthy", "", true)]
    [InlineData("running", "", "to be replaced by its new version", false)]
    [InlineData("exited", "", "", true)]
    [InlineData("failed", "", "ended with exit code 1", false)]
    [InlineData("pending", "", "", false)]
    public void A_replica_has_settled_when_it_runs_healthy_or_has_done_its_work(string state, string health, string message, bool settled) =>
        Assert.Equal(settled, StackWatch.Settled(new ReplicaInfo { State = state, Health = health, Message = message }));

    [Fact]
    public void Pieces_of_logs_become_whole_lines_of_their_source()
    {
        using StringWriter output = new();
        LogsCommand.LogLines lines = new(new Terminal(output, TextWriter.Null, json: false));
        foreach ((string node, string data) in new[] { ("pi1", "on"), ("pi2", "two\r\n"), ("pi1", "e\nhal"), ("pi1", "f") })
        {
            lines.Add(new StackLogChunk { Service = "web", Index = 1, Node = node, Data = Google.Protobuf.ByteString.CopyFromUtf8(data) });
        }

        lines.Flush();
        Assert.Equal("web.1@pi2 | two\nweb.1@pi1 | one\nweb.1@pi1 | half\n", output.ToString());
    }

    [Fact]
    public void A_table_on_no_terminal_keeps_one_line_for_each_row()
    {
        using StringWriter output = new();
        new Terminal(output, TextWriter.Null, json: false).Table(["A", "B"], [[new string('x', 300), "[red]"], ["y", ""]]);
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Contains($"{new string('x', 300)}  [red]", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_node_says_moves_no_cursor_and_fills_no_clipboard()
    {
        using StringWriter output = new();
        using StringWriter words = new();
        Terminal terminal = new(output, words, json: false);
        terminal.Line("a\u001b]52;c;eA==\ab\tc\nd");
        terminal.Say("\u009b2Je");
        terminal.Table(["A"], [["f\u001b[2Jg"]]);
        Assert.StartsWith("a ]52;c;eA== b\tc\nd\n", output.ToString(), StringComparison.Ordinal);
        Assert.Equal(" 2Je\n", words.ToString());
        Assert.DoesNotContain('\u001b', output.ToString());
    }

    [Fact]
    public void What_a_shell_evaluates_is_an_address_and_a_path() =>
        Assert.Equal(
            "export DOCKER_HOST='tcp://192.168.1.102:2376' DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH='/root/my files/docker'",
            DockerEnvironment.Exports("192.168.1.102", "/root/my files/docker"));

    [Theory]
    [InlineData("1;touch${IFS}pwned;#", "/root/docker")]
    [InlineData("", "/root/docker")]
    [InlineData("192.168.1.102", "/root/it's/docker")]
    [InlineData("192.168.1.102", "/root/two\nlines")]
    public void Nothing_else_is_printed_for_a_shell(string address, string certificates) => Assert.Throws<CliFailure>(() => DockerEnvironment.Exports(address, certificates));

    [Fact]
    public async Task Words_that_make_no_sense_give_64_and_say_where_help_is()
    {
        using StringWriter words = new();
        int code = await RpiCtl.RunAsync(RpiCtl.CreateRootCommand(), ["node", "lss"], new System.CommandLine.InvocationConfiguration { Output = TextWriter.Null, Error = words }, TestContext.Current.CancellationToken);
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Contains("node --help", words.ToString(), StringComparison.Ordinal);
    }
}
