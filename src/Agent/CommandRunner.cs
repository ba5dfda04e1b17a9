using System.ComponentModel;
using System.Diagnostics;

namespace RpiAgent.Agent;

/// <summary>Runs programs of the system: arguments are passed as they are, the output is captured, the time is limited.</summary>
internal sealed class CommandRunner(TimeProvider time)
{
    /// <summary>As a shell says "command not found" and as timeout(1) says "too late".</summary>
    public const int NotFound = 127;
    public const int TimedOut = 124;

    public async Task<CommandResult> RunAsync(string program, IReadOnlyList<string> arguments, TimeSpan limit, CancellationToken cancel, string input = "")
    {
        ProcessStartInfo start = new(program, arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["LC_ALL"] = "C";
        start.Environment["SYSTEMD_PAGER"] = "";
        using Process process = new() { StartInfo = start };
        string line = $"{program} {string.Join(' ', arguments)}";
        try
        {
            process.Start();
        }
        catch (Win32Exception)
        {
            return new CommandResult(line, NotFound, "", $"{program} is not installed");
        }

        using CancellationTokenSource tooLate = new(limit, time);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel, tooLate.Token);
        try
        {
            Task<string> output = process.StandardOutput.ReadToEndAsync(timeout.Token);
            Task<string> error = process.StandardError.ReadToEndAsync(timeout.Token);
            await GiveAsync(process.StandardInput, input, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return new CommandResult(line, process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            cancel.ThrowIfCancellationRequested();
            return new CommandResult(line, TimedOut, "", $"no end within {limit.TotalSeconds} s");
        }
    }

    private static async Task GiveAsync(StreamWriter input, string text, CancellationToken cancel)
    {
        try
        {
            await input.WriteAsync(text.AsMemory(), cancel);
            input.Close();
        }
        catch (IOException) when (text.Length > 0)
        {
            // It does not read to the end: its exit code says what was wrong.
        }
    }
}

internal sealed record CommandResult(string Command, int ExitCode, string Output, string Error)
{
    public bool Succeeded => ExitCode == 0;

    /// <summary>What it said, or by which code it ended if it said nothing.</summary>
    public string Reason => Error.Trim() is { Length: > 0 } error ? error : Output.Trim() is { Length: > 0 } output ? output : $"exit code {ExitCode}";

    /// <exception cref="InvalidOperationException">With the command and what it said.</exception>
    public CommandResult OrThrow() => Succeeded ? this : throw new InvalidOperationException($"'{Command}' ended with {ExitCode}: {Reason}");
}
