using RpiAgent.Coordinator.Cli;
using RpiAgent.Protos;
using RpiAgent.Protos.Wire;
using Xunit;

namespace RpiAgent.Tests.Unit.Cli;

public sealed class ComposeFileTests : IDisposable
{
    private const string Compose = """
        services:
          web:
            image: nginx
            env_file: [a.env, "b.env", '${STAGE:-${OTHER:-test}}/c.env', "$HOME/.d.env"]
            volumes: [./etc/passwd:/x, /etc/shadow:/y]
            environment:
              TOKEN: ${TOKEN:?}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("rpi-agent-").FullName;

    [Theory]
    [InlineData("a.env", true)]
    [InlineData("b.env", true)]
    [InlineData("test/c.env", true)]
    [InlineData("/home/me/.d.env", true)]
    [InlineData("c.env", false)]
    [InlineData("/etc/passwd", false)]
    [InlineData("/etc/shadow", false)]
    [InlineData("../../etc/hostname", false)]
    [InlineData("/home/me/.ssh/id_ed25519", false)]
    [InlineData("", false)]
    public void Only_a_file_that_stands_in_the_Compose_file_is_named_by_it(string path, bool isNamed) =>
        Assert.Equal(isNamed, ComposeWords.NameFile(Compose, path, name => name == "HOME" ? "/home/me" : null));

    [Theory]
    [InlineData("TOKEN", true)]
    [InlineData("STAGE", true)]
    [InlineData("LATER", true)]
    [InlineData("TOK", false)]
    [InlineData("AWS_SECRET_ACCESS_KEY", false)]
    [InlineData("", false)]
    public void Only_a_variable_that_stands_in_what_is_sent_is_named_by_it(string name, bool isNamed) =>
        Assert.Equal(isNamed, ComposeWords.NameVariable([Compose, "A=${LATER}\n"], name));

    [Theory]
    [InlineData("/etc/passwd", "")]
    [InlineData("", "PATH")]
    public async Task A_coordinator_that_asks_for_more_gets_nothing(string wantedFile, string wantedVariable)
    {
        ComposeFile file = await ReadAsync();
        CliFailure refused = await Assert.ThrowsAsync<CliFailure>(() => file.SettleAsync(_ => Task.FromResult(0), _ => (Words(wantedFile), Words(wantedVariable))));
        Assert.Equal(ExitCodes.Refused, refused.ExitCode);
        Assert.Empty(file.Request.Files);
        Assert.Empty(file.Request.Variables);
    }

    [Fact]
    public async Task What_the_Compose_file_names_is_sent_when_it_is_asked_for()
    {
        await File.WriteAllTextAsync(Path.Join(_folder, "a.env"), "X=$LATER\n", TestContext.Current.CancellationToken);
        ComposeFile file = await ReadAsync();
        Queue<(string, string)> asked = new([("a.env", "TOKEN"), ("", "LATER"), ("", "")]);
        await file.SettleAsync(_ => Task.FromResult(asked.Dequeue()), one => (Words(one.Item1), Words(one.Item2)));
        DeployStackRequest sent = file.Request;
        Assert.Equal("X=$LATER\n", sent.Files["a.env"].ToStringUtf8());
        Assert.Equal("its value", sent.Variables["TOKEN"]);
        Assert.Equal(["LATER"], sent.MissingVariables);
    }

    private async Task<ComposeFile> ReadAsync()
    {
        string path = Path.Join(_folder, "compose.yaml");
        await File.WriteAllTextAsync(path, Compose, TestContext.Current.CancellationToken);
        return await ComposeFile.ReadAsync("blog", path, name => name is "TOKEN" or "PATH" ? "its value" : null, TestContext.Current.CancellationToken);
    }

    private static string[] Words(string one) => one.Length > 0 ? [one] : [];

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
