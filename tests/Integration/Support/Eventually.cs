using System.Diagnostics;
using System.Runtime.CompilerServices;
using Xunit;

namespace RpiAgent.Tests.Integration.Support;

/// <summary>Waits for what is to come about by itself.</summary>
internal static class Eventually
{
    /// <summary>Fails with the condition's text when it does not hold within the time.</summary>
    public static async Task HoldsAsync(Func<Task<bool>> condition, TimeSpan within, [CallerArgumentExpression(nameof(condition))] string text = "")
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!await condition())
        {
            Assert.True(watch.Elapsed < within, $"not within {within.TotalSeconds:0} s: {text}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, TestContext.Current.CancellationToken);
        }
    }

    public static Task HoldsAsync(Func<bool> condition, TimeSpan within, [CallerArgumentExpression(nameof(condition))] string text = "") =>
        HoldsAsync(() => Task.FromResult(condition()), within, text);
}
