using System.Diagnostics;
using Xunit;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>Commands of the machine, for fixtures.</summary>
internal static class Shell
{
    /// <returns>What it printed.</returns>
    public static async Task<string> RunAsync(string script)
    {
        ProcessStartInfo start = new("sh") { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(script);
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.True(process.ExitCode == 0, $"`{script}` ended with {process.ExitCode}: {await errors}");
        return output;
    }
}
