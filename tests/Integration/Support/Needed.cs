using Xunit;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>
/// What tests need of this machine. tests/run.sh installs it all and sets RPI_TEST_PREPARED; what is missing then is a failure, for a skip would hide it.
/// </summary>
internal static class Needed
{
    /// <summary>Full path of a program on PATH or in the system folders; null when it is not there.</summary>
    public static string? Program(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"])
        .Select(folder => Path.Join(folder, name)).FirstOrDefault(File.Exists);

    /// <summary>A line for whoever reads the log of a run that passed; tests/run.sh prints them at its end.</summary>
    public static void Note(string line)
    {
        TestContext.Current.TestOutputHelper?.WriteLine(line);
        if (Environment.GetEnvironmentVariable("RPI_TEST_NOTES") is { Length: > 0 } notes)
        {
            File.AppendAllText(notes, $"{line}\n");
        }
    }

    /// <summary>Skips the test, or fails it where everything was prepared.</summary>
    public static void Have(bool there, string otherwise)
    {
        if (Environment.GetEnvironmentVariable("RPI_TEST_PREPARED") is not null)
        {
            Assert.True(there, otherwise);
        }

        Assert.SkipUnless(there, otherwise);
    }
}
