using System.Text;
using CsCheck;
using RpiAgent.Coordinator.Simulation;
using RpiAgent.Tests.Unit.Scheduling;
using Xunit;

namespace RpiAgent.Tests.Unit.Simulation;

/// <summary>No file crashes or hangs the reader or the scheduler behind it: it is answered, or refused with one message.</summary>
public sealed class CaseReaderFuzzTests
{
    private static readonly byte[][] s_seeds =
        [.. PublicCases.Placements.Concat(PublicCases.Sequences).Select(c => Encoding.UTF8.GetBytes(c.GetRawText()))];

    private static readonly string[] s_tokens =
        ["null", "true", "-1", "1e308", "99999999999999999999", "0.1", "\"\"", "\"~/[\"", "\"/\"", "\"\\ud800\"", "[]", "{}", "[[", "}", ":", "\"constraints\"", "\u0000"];

    [Fact]
    public void Any_bytes_are_answered_or_refused() => Gen.Byte.Array[0, 200].Sample(Feed, iter: 2000);

    [Fact]
    public void A_case_with_bytes_changed_is_answered_or_refused() =>
        Gen.Select(Gen.OneOf(s_seeds), Gen.Select(Gen.Int[0, 100_000], Gen.Byte).Array[1, 6]).Sample((seed, changes) =>
        {
            byte[] changed = [.. seed];
            foreach ((int at, byte value) in changes)
            {
                changed[at % changed.Length] = value;
            }
            Feed(changed);
        }, iter: 2000);

    [Fact]
    public void A_case_with_values_replaced_is_answered_or_refused() =>
        Gen.Select(Gen.OneOf(s_seeds), Gen.Int[0, 10_000], Gen.OneOf(s_tokens)).Sample((seed, place, token) =>
        {
            string[] parts = Encoding.UTF8.GetString(seed).Split(' ');
            parts[place % parts.Length] = token + (parts[place % parts.Length].EndsWith(',') ? "," : "");
            Feed(Encoding.UTF8.GetBytes(string.Join(' ', parts)));
        }, iter: 3000);

    private static void Feed(byte[] content)
    {
        try
        {
            var cases = CaseReader.Read(content, out _);
            Simulator.WriteJson(cases, Stream.Null);
            Simulator.WriteText(cases, TextWriter.Null);
        }
        catch (CaseFileException refused)
        {
            Assert.NotEmpty(refused.Message);
            Assert.DoesNotContain('\n', refused.Message);
        }
    }
}
